#!/usr/bin/env bash
# OpenCV's VideoCapture seeks to the wrong frame where a video's timestamps are uneven.
#
# A recording that paused for four seconds (as phones, browsers and webcams write them) has 120
# frames, each of which shows its own number. Read from the start, they come out as 0 to 119. After
# set(CAP_PROP_POS_FRAMES, n) another frame than n is read, up to 22 frames off, and nothing says so:
# OpenCV turns n into a time by the mean rate. CAP_PROP_POS_FRAMES then claims that it was frame n.
# Whoever samples clips by seeking pairs frames with the wrong keypoints and the wrong times.
#
# Needs python3 with venv; installs into a temporary folder. Exits with 1 if this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install numpy==2.4.6 av==18.1.0 opencv-python-headless==4.14.0.94
cat >"$folder/show.py" <<'PYTHON'
import sys
from fractions import Fraction

import av
import cv2
import numpy as np

frames, width, height = 120, 256, 64
expected = {3: 3, 50: 72, 60: 82, 90: 112, 115: 97}  # sought: found
path = sys.argv[1] + "/paused.mp4"


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


with av.open(path, "w") as container:
    stream = container.add_stream("libx264", rate=25, options={"bf": "0", "g": "30"})
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.codec_context.time_base = Fraction(1, 1000)
    for n in range(frames):
        frame = av.VideoFrame.from_ndarray(draw(n), format="rgb24")
        frame.time_base = Fraction(1, 1000)
        frame.pts = 40 * n + (4000 if n >= 60 else 0)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())

capture = cv2.VideoCapture(path)
read = []
while True:
    found, picture = capture.read()
    if not found:
        break
    read.append(number_in(picture))
print(f"OpenCV {cv2.__version__}, PyAV {av.__version__}")
print(f"read from the start: {len(read)} frames, in order: {read == list(range(frames))}")
sought = {}
for n in expected:
    capture.set(cv2.CAP_PROP_POS_FRAMES, n)
    claimed = int(capture.get(cv2.CAP_PROP_POS_FRAMES))
    sought[n] = number_in(capture.read()[1])
    print(f"set({n}): POS_FRAMES says {claimed}, the picture is frame {sought[n]}")
as_expected = read == list(range(frames)) and sought == expected
print("as described" if as_expected else "this has changed")
sys.exit(not as_expected)
PYTHON
"$folder/venv/bin/python" "$folder/show.py" "$folder"
