import { lossChart } from '../loss-chart.mjs';

/**
 * A picture of two loss curves, ours as a line and PyTorch's as a wider, paler one under it.
 * @param curves losses of each step, from step 1
 */
export function lossCurveSvg({ ours, theirs }) {
  return lossChart({
    title: 'Training loss of the same run, ours and PyTorch f32',
    caption: { text: 'step (loss in nats)', x: 320 },
    right: 16,
    unit: 1,
    lines: [
      { losses: theirs, stroke: 'stroke="#f5b041" stroke-width="5"' },
      { losses: ours, stroke: 'stroke="#1f4e9c" stroke-width="1.5"' },
    ],
    labels: [
      { text: 'ours', x: 490, y: 40, fill: '#1f4e9c' },
      { text: 'PyTorch f32', x: 490, y: 58, fill: '#b9770e' },
    ],
  });
}
