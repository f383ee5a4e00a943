"""Times a model that `export` wrote, in ONNX Runtime or OpenVINO; prints one line of JSON.

    python3 tests/peers/onnx_bench.py --engine onnxruntime --model m.onnx --input in.safetensors

The input is that of `bench`: normalised frames. The exported graph normalises pixels itself, so
they are turned back into pixels first. The logits of one pass go to --output.
"""

import argparse
import os
import statistics
import time

import numpy as np

import safetensors_io
from process import peak_rss_mib, print_measurements

MEAN, DEVIATION = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", required=True, choices=["onnxruntime", "openvino"])
    parser.add_argument("--model", required=True)
    parser.add_argument("--input", required=True, help="safetensors with frames and boxes, or joints")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=5, help="timed runs, after one that is not")
    parser.add_argument("--output", help="safetensors to write: logits")
    parser.add_argument("--serve", action="store_true", help="time once per line of the input")
    return parser.parse_args()


def onnxruntime_pass(model, inputs, threads):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return onnxruntime.__version__, lambda: session.run(["logits"], inputs)[0]


def openvino_pass(model, inputs, threads):
    import openvino
    # In float32, as the program it is compared with.
    request = openvino.Core().compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY"}).create_infer_request()
    return openvino.__version__.split("-")[0], lambda: request.infer(inputs)["logits"]


def main():
    arguments = parse_arguments()
    stored = safetensors_io.load(arguments.input)
    inputs = {name: stored[name] for name in ("frames", "boxes", "joints") if name in stored}
    if "frames" in inputs:
        inputs["frames"] = (inputs["frames"] * np.float32(DEVIATION) + np.float32(MEAN)).astype("f4")
    make = {"onnxruntime": onnxruntime_pass, "openvino": openvino_pass}[arguments.engine]
    version, forward = make(arguments.model, inputs, arguments.threads)
    logits = forward()
    if arguments.output:
        safetensors_io.save(arguments.output, {"logits": np.array(logits)})

    def measure():
        times = []
        for _ in range(arguments.repeats):
            start = time.perf_counter()
            forward()
            times.append(time.perf_counter() - start)
        return {"framework": arguments.engine, "version": version, "mode": "forward",
                "threads": arguments.threads, "median_s": statistics.median(times),
                "min_s": min(times), "times": times, "peak_rss_mib": peak_rss_mib()}

    print_measurements(measure, arguments.serve)


if __name__ == "__main__":
    main()
