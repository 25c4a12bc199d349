"""What the machine can do at most, measured with PyTorch: copying memory, and matrix products in bf16 and fp32.

    python3 bench/peers/ceilings.py --device cuda --json ceilings.json

Medians of 10; on a GPU by its own events. The products are those of the gradients: M = N, K = batch times steps.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import torch


def seconds(work, device, repeats=10):
    work()
    times = []
    for _ in range(repeats):
        if device == "cuda":
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            start.record()
            work()
            end.record()
            torch.cuda.synchronize()
            times.append(1e-3 * start.elapsed_time(end))
        else:
            before = time.perf_counter()
            work()
            times.append(time.perf_counter() - before)
    return statistics.median(times)


def copy_rate(device, count):
    source, target = torch.zeros(count, device=device), torch.empty(count, device=device)
    return 8 * count / seconds(lambda: target.copy_(source), device)  # 4 bytes read, 4 written


def product_rate(device, rows, columns, depth, kind):
    left = torch.randn(depth, rows, device=device).to(kind).t()
    right = torch.randn(depth, columns, device=device).to(kind)
    return 2 * rows * columns * depth / seconds(lambda: left @ right, device)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1024, 4096], help="M = N of the products")
    parser.add_argument("--depth", type=int, default=65536, help="K of the products")
    parser.add_argument("--copied", type=int, default=1 << 28, help="numbers copied, of 4 bytes")
    parser.add_argument("--json", help="file for the result")
    options = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    result = {"device": torch.cuda.get_device_name() if options.device == "cuda" else "cpu", "torch": torch.__version__,
              "copy_bytes_per_second": copy_rate(options.device, options.copied)}
    print(f"copy: {1e-9 * result['copy_bytes_per_second']:.1f} GB/s read and written")
    for kind in (torch.bfloat16, torch.float32):
        for size in options.sizes:
            name = f"{str(kind).removeprefix('torch.')}_{size}_flops_per_second"
            result[name] = product_rate(options.device, size, size, options.depth, kind)
            print(f"{size} x {size} x {options.depth}, {kind}: {1e-12 * result[name]:.3f} TFLOP/s")
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
