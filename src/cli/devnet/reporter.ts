import type { Io } from '../io.ts';
import { type DevnetEvent, eventJson, eventText } from './lines.ts';
import { openScreen } from './screen.ts';
import type { DevnetSnapshot } from './snapshot.ts';
import { renderView } from './view.ts';

const STATUS_LINE_INTERVAL_MS = 10_000;

/** Tells a person or a program how the network does: a live view on a terminal, else lines. */
export interface Reporter {
  /** Each poll: draws the view, or writes a line when a round has settled or some time has passed. */
  show(snapshot: DevnetSnapshot): void;
  /** While the view is open it shows by itself what happens; events are for lines. */
  say(event: DevnetEvent): void;
  /** Gives the terminal back; lines only from then on. */
  close(): void;
}

export function createReporter({ json, resumeWith }: { readonly json: boolean; readonly resumeWith: string }, io: Io): Reporter {
  let screen = io.out.isTerminal && !json ? openScreen(io.out) : undefined;
  const color = io.environment.NO_COLOR === undefined;
  let lineAt = io.clock.now();
  let settledRound: number | undefined;
  const write = (event: DevnetEvent) => io.out.write(`${json ? eventJson(event) : eventText(event)}\n`);

  return {
    show(snapshot) {
      if (screen !== undefined) {
        screen.draw(renderView(snapshot, { columns: io.out.columns(), rows: io.out.rows(), color, resumeWith }));
        return;
      }
      const settled = snapshot.settledRound;
      if (settled !== undefined && settled >= 0 && settled !== settledRound) write({ event: 'round', snapshot });
      else if (io.clock.now() - lineAt >= STATUS_LINE_INTERVAL_MS) write({ event: 'status', snapshot });
      else return;
      settledRound = settled;
      lineAt = io.clock.now();
    },
    say(event) {
      if (screen === undefined) write(event);
    },
    close() {
      screen?.close();
      screen = undefined;
    },
  };
}
