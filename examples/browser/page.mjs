// The page: starts and stops the Worker, shows what it reports.
const toggle = document.getElementById('toggle');
const status = document.getElementById('status');
let worker;

toggle.addEventListener('click', () => {
  if (worker !== undefined) {
    worker.terminate();
    worker = undefined;
    toggle.textContent = 'Start again';
    return;
  }
  worker = new Worker('worker.mjs', { type: 'module' });
  toggle.textContent = 'Stop';
  status.textContent = 'loading …';
  worker.onmessage = ({ data }) => {
    status.textContent = data.error ?? `step ${data.step}   loss ${data.loss.toFixed(3)}   ${Math.round(data.tokensPerSecond)} tokens/s`;
  };
  worker.onerror = ({ message }) => {
    status.textContent = `failed: ${message}`;
  };
});
