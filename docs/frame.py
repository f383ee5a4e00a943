#!/usr/bin/env python3
"""Draws docs/frame.svg: what the model sees of one clip, and which path each body part chose.

    python3 docs/frame.py WEIGHTS DATASET CLIP [FRAME]

WEIGHTS are those of `make demo` (runs/demo/full/best.safetensors), DATASET its data. FRAME counts
the frames that the model samples from the clip, from 0. Everything shown is what `microdualnet
trace` and `predict` give for that clip. Needs no package.
"""
import base64
import json
import os
import struct
import subprocess
import sys
import tempfile
import zlib

PROGRAM = "build/microdualnet"
# Colour-blind-safe (Okabe and Ito), one per entity.
COLOURS = ["#d55e00", "#e69f00", "#009e73", "#0072b2", "#56b4e9", "#cc79a7"]
SCALE = 4  # screen pixels per pixel of the network's input
PAD, PANEL = 16, 330


def read_safetensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    return {name: (entry["shape"], struct.unpack(
        f"<{(entry['data_offsets'][1] - entry['data_offsets'][0]) // 4}f",
        data[slice(*entry["data_offsets"])])) for name, entry in header.items()}


def png(width, height, rgb):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    rows = b"".join(b"\0" + rgb[y * width * 3:(y + 1) * width * 3] for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def main():
    weights, dataset, clip = sys.argv[1:4]
    frame = int(sys.argv[4]) if len(sys.argv) > 4 else 4
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "trace.safetensors")
        subprocess.run([PROGRAM, "trace", "--weights", weights, "--dataset", dataset, "--clip", clip,
                        "--output", out], check=True, stdout=subprocess.DEVNULL)
        tensors = read_safetensors(out)
    prediction = json.loads(subprocess.run(
        [PROGRAM, "predict", "--weights", weights, "--dataset", dataset, "--clip", clip, "--json"],
        check=True, capture_output=True, text=True).stdout)

    (_, count, size, _, _), pixels = tensors["frames"]
    mean, deviation = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    begin = frame * size * size * 3
    rgb = bytes(min(255, max(0, round(v * deviation[i % 3] + mean[i % 3])))
                for i, v in enumerate(pixels[begin:begin + size * size * 3]))
    entities = tensors["boxes"][0][2]
    boxes = [tensors["boxes"][1][(frame * entities + k) * 4:][:4] for k in range(entities)]
    names = list(prediction["alpha"])
    alpha = [prediction["alpha"][name]["st"] for name in names]

    # Joints as evaluation moves them: short side to round(256 S/224), then the centre crop.
    files = sorted(f for f in os.listdir(os.path.join(dataset, "keypoints", clip)))
    sampled = (2 * frame + 1) * len(files) // (2 * count)
    with open(os.path.join(dataset, "keypoints", clip, files[sampled])) as file:
        numbers = json.load(file)["people"][0]["pose_keypoints_2d"]
    side = round(256 * size / 224)
    frames = os.path.join(dataset, "frames", clip)
    with open(os.path.join(frames, sorted(os.listdir(frames))[0]), "rb") as file:
        width, height = jpeg_size(file.read())
    scale = side / min(width, height)
    joints = [(x * scale - (round(width * scale) - size) // 2,
               y * scale - (round(height * scale) - size) // 2)
              for x, y, c in zip(numbers[::3], numbers[1::3], numbers[2::3]) if c > 0.05]

    view = size * SCALE
    total_width, total_height = view + 3 * PAD + PANEL, view + 2 * PAD
    image = base64.b64encode(png(size, size, rgb)).decode()
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
           f'viewBox="0 0 {total_width} {total_height}" font-family="sans-serif" font-size="15">',
           "<title>A rendered frame with joints and entity boxes, and the router's weights</title>",
           f'<rect width="{total_width}" height="{total_height}" fill="#fff"/>',
           f'<image x="{PAD}" y="{PAD}" width="{view}" height="{view}" '
           f'style="image-rendering:pixelated" xlink:href="data:image/png;base64,{image}"/>']
    for k, (x1, y1, x2, y2) in enumerate(boxes):
        svg.append(f'<rect x="{PAD + x1 * SCALE:.1f}" y="{PAD + y1 * SCALE:.1f}" '
                   f'width="{(x2 - x1) * SCALE:.1f}" height="{(y2 - y1) * SCALE:.1f}" fill="none" '
                   f'stroke="{COLOURS[k]}" stroke-width="3"/>')
    for x, y in joints:
        svg.append(f'<circle cx="{PAD + x * SCALE:.1f}" cy="{PAD + y * SCALE:.1f}" r="4" fill="#fff" '
                   f'stroke="#111" stroke-width="1.5"/>')

    left = view + 2 * PAD
    top = PAD + 18
    svg.append(f'<text x="{left}" y="{top}" font-weight="bold">What the model says</text>')
    for action in prediction["top"][:3]:
        top += 24
        svg.append(f'<text x="{left}" y="{top}">{action["name"]}</text>'
                   f'<text x="{left + PANEL}" y="{top}" text-anchor="end">'
                   f'{100 * action["probability"]:.0f} %</text>')
    top += 44
    svg.append(f'<text x="{left}" y="{top}" font-weight="bold">Which path each body part chose</text>')
    top += 12
    for k, name in enumerate(names):
        bar = PANEL * alpha[k]
        svg.append(f'<text x="{left}" y="{top + 17}">{name.replace("_", " ")}</text>'
                   f'<text x="{left + PANEL}" y="{top + 17}" text-anchor="end" font-size="13" '
                   f'fill="#445">ST {alpha[k]:.2f} · TS {1 - alpha[k]:.2f}</text>'
                   f'<rect x="{left}" y="{top + 22}" width="{PANEL}" height="9" fill="#e4e7ee"/>'
                   f'<rect x="{left}" y="{top + 22}" width="{bar:.1f}" height="9" '
                   f'fill="{COLOURS[k]}"/>')
        top += 42
    for line in ("ST: first the body, then time.", "TS: first time, then the body."):
        top += 20
        svg.append(f'<text x="{left}" y="{top}" font-size="13" fill="#445">{line}</text>')
    svg.append("</svg>")
    with open("docs/frame.svg", "w") as file:
        file.write("\n".join(svg) + "\n")


def jpeg_size(data):
    at = 2
    while at < len(data):
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
        if marker in (0xC0, 0xC1, 0xC2):
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            return width, height
        at += 2 + length
    raise SystemExit("no JPEG frame")


if __name__ == "__main__":
    main()
