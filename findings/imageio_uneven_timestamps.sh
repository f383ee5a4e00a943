#!/usr/bin/env bash
# imageio repeats frames of videos whose timestamps are uneven.
#
# Two videos of 120 frames, each of which shows its own number: one of a phone that halves its rate
# when it gets dark, and one that paused for four seconds. imageio's ffmpeg plugin gives 179 frames
# of the first (the second half nearly twice) and 220 of the second (frame 59 a hundred times more),
# for it lets ffmpeg even out the rate. Nothing says so, and the frames no longer fit keypoints or
# labels that count frames: its frame 70 is frame 65 or 59. PyAV gives the 120 frames of both.
#
# Needs python3 with venv; installs into a temporary folder. Exits with 1 if this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install numpy==2.4.6 av==18.1.0 imageio==2.38.1 imageio-ffmpeg==0.8.1
cat >"$folder/show.py" <<'PYTHON'
import sys
from fractions import Fraction

import av
import imageio
import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np

frames, width, height = 120, 256, 64


def draw(number):
    """Eight stripes, light for the bits of the number that are set."""
    picture = np.full((height, width, 3), 30, np.uint8)
    for bit in range(8):
        if number >> bit & 1:
            picture[:, 32 * bit : 32 * bit + 32] = 220
    return picture


def number_in(picture):
    stripes = picture[height // 2].mean(axis=-1)[16::32]
    return sum(1 << bit for bit in range(8) if stripes[bit] > 125)


def write(path, milliseconds):
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "0", "g": "30"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for n in range(frames):
            frame = av.VideoFrame.from_ndarray(draw(n), format="rgb24")
            frame.time_base = Fraction(1, 1000)
            frame.pts = milliseconds(n)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


print(f"imageio {imageio.__version__}, imageio-ffmpeg {imageio_ffmpeg.__version__}")
as_expected = True
for name, milliseconds, expected in (
    ("darkening", lambda n: 33 * n + (33 * (n - 60) if n >= 60 else 0), (179, 120, 65)),
    ("paused", lambda n: 40 * n + (4000 if n >= 60 else 0), (220, 120, 59)),
):
    path = f"{sys.argv[1]}/{name}.mp4"
    write(path, milliseconds)
    with av.open(path) as container:
        by_pyav = [number_in(f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]
    by_imageio = [number_in(f) for f in iio.imiter(path, plugin="FFMPEG")]
    print(f"{name}: PyAV {len(by_pyav)} frames, imageio {len(by_imageio)}, of which different: "
          f"{len(set(by_imageio))}; its frame 70 is frame {by_imageio[70]}")
    as_expected &= by_pyav == list(range(frames))
    as_expected &= (len(by_imageio), len(set(by_imageio)), by_imageio[70]) == expected
print("as described" if as_expected else "this has changed")
sys.exit(not as_expected)
PYTHON
"$folder/venv/bin/python" "$folder/show.py" "$folder"
