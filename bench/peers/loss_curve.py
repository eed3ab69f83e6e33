"""Trains from given weights on given batches and writes the losses: PyTorch's side of bench/peers/loss-curve.mjs.

    python3 bench/peers/loss_curve.py FOLDER

FOLDER holds run.json ({"model", "learning", "steps", "evaluate_every", "threads"}), weights.f32, batches.i32
[steps, batch, context + 1] and held-out.i32 [sequences, context + 1]. One line of JSON for each step goes to standard output:
its loss, and after each `evaluate_every` steps and at the end the held-out loss.
"""

import json
import sys
from pathlib import Path

import torch

from llama_torch import Llama, ModelConfig, create_adamw, fused_attention, learning_rate_at, read_words, train_step


def main() -> None:
    folder = Path(sys.argv[1])
    run = json.loads((folder / "run.json").read_text())
    learning = run["learning"]
    torch.set_num_threads(run["threads"])
    config = ModelConfig(**run["model"])
    model = Llama(config, "fused" if fused_attention() else "explicit")
    model.load_flat(read_words(folder / "weights.f32"))
    row = config.context_length + 1
    batches = read_words(folder / "batches.i32", torch.int32).view(run["steps"], learning["batch_size"], row)
    held_out = read_words(folder / "held-out.i32", torch.int32).view(-1, row)
    optimizer = create_adamw(model, learning, foreach=True)
    for step, rows in enumerate(batches):
        loss, norm = train_step(model, optimizer, rows, learning_rate_at(step, learning), learning["clip_norm"])
        line = {"step": step + 1, "loss": loss, "norm": norm}
        if (step + 1) % run["evaluate_every"] == 0 or step + 1 == run["steps"]:
            with torch.no_grad():
                line["held_out"] = model.loss(held_out).item()
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
