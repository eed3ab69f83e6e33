"""Training steps (forward, backward, clipping, AdamW) of PyTorch in turns, timed: one side of bench/compare.mjs.

    echo '{"seconds": 2}' | python3 bench/peers/train_torch.py '{"model": {…}, "learning": {…}, "threads": 1, "precision": "bf16"}'

Writes one line of JSON when ready, and one for each line of standard input: the [clock, processor] seconds
of each step of that turn.
"precision" is "f32", or "bf16" for autocast. The faster of the two forms of attention, and of one and several tensors at a time
in AdamW, is measured first and used.
"""

import contextlib
import json
import sys
import time
from collections.abc import Callable

import torch

from llama_torch import Llama, ModelConfig, create_adamw, fused_attention, train_step

CALIBRATION_SECONDS = 1
PRODUCT_SIZE = 768


class AutocastLlama(Llama):
    """The forward pass under bf16 autocast: matrix products in bf16, weights, residual stream and loss in f32."""

    def loss(self, rows: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return super().loss(rows)


def create_step(options: dict, attention: str, foreach: bool) -> Callable[[], float]:
    """A function that takes one training step and returns the loss."""
    torch.manual_seed(1)
    config = ModelConfig(**options["model"])
    learning = options["learning"]
    model = (AutocastLlama if options["precision"] == "bf16" else Llama)(config, attention)
    for _, parameter in model.tensors():
        torch.nn.init.normal_(parameter, std=0.02) if parameter.ndim > 1 else torch.nn.init.ones_(parameter)
    optimizer = create_adamw(model, learning, foreach=foreach)
    rows = torch.randint(config.vocab_size, (learning["batch_size"], config.context_length + 1))
    return lambda: train_step(model, optimizer, rows, learning["learning_rate"], learning["clip_norm"])[0]


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock and of processor time (all threads) that a call takes."""
    start, cpu_start = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - start, time.process_time() - cpu_start


def best_setting(options: dict) -> dict:
    """The fastest of the settings that a user of PyTorch would try, one choice after the other."""

    def seconds(attention: str, foreach: bool) -> float:
        step = create_step(options, attention, foreach)
        step()
        times: list[float] = []
        while sum(times) < CALIBRATION_SECONDS:
            times.append(timed(step)[0])
        return min(times)

    attentions = ["explicit"] + (["fused"] if fused_attention() else [])
    times = {attention: seconds(attention, True) for attention in attentions}
    attention = min(times, key=times.get)
    return {"attention": attention, "foreach": times[attention] < seconds(attention, False)}


def product_gflops() -> float:
    """Speed of a large f32 product: it tells OpenBLAS from the reference BLAS."""
    a, b = torch.randn(PRODUCT_SIZE, PRODUCT_SIZE), torch.randn(PRODUCT_SIZE, PRODUCT_SIZE)
    return 2 * PRODUCT_SIZE**3 / min(timed(lambda: a @ b)[0] for _ in range(5)) / 1e9


def main() -> None:
    options = json.loads(sys.argv[1])
    torch.set_num_threads(options["threads"])
    setting = best_setting(options)
    step = create_step(options, **setting)
    step()
    print(json.dumps({"version": torch.__version__, "gflops": product_gflops(), **setting}), flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        for line in sys.stdin:
            seconds, steps = json.loads(line)["seconds"], []
            while sum(wall for wall, _ in steps) < seconds:
                steps.append(timed(step))
            print(json.dumps({"steps": steps}), flush=True)


if __name__ == "__main__":
    main()
