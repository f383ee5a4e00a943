#!/usr/bin/env bash
# Stand-ins for what the reader of a page has: small files under the names that the page uses.
#
#   tests/docs/stand_ins.sh PROGRAM MADE PAGE FOLDER
#
# fills FOLDER for PAGE (docs/recipes.md). PROGRAM is microdualnet. What all pages share is rendered and
# trained once, in the folder MADE. The table at the end says which page has what.
set -euo pipefail
cd "$(dirname "$0")/../.."
project=$PWD program=$1 made=$2 page=$3 folder=$4

# ---- Made once: clips of three people, and a model of them.

# A person and an action of the rendered data, and the name that the clip has in the pages.
clips=(
    "subject001_nodding P01_walk_003" "subject001_waving P01_wave_003"
    "subject002_nodding P02_walk_003" "subject002_waving P02_wave_003"
    "subject003_nodding P03_walk_003" "subject003_waving P03_wave_003"
)
# The paper's models, small enough for a test: one epoch of a narrow network.
small='"frames": 2, "size": 32, "dim": 8, "heads": 2, "layers": 1,
    "backbone": {"block": "basic", "depths": [1, 1, 1, 1], "width": 8}, "roi": 3, "router_hidden": 8, "head_hidden": 16'
once='"training": {"epochs": 1, "batch": 2}'

make_all() {
    mkdir -p "$made"
    cd "$made"
    "$program" synth --out rendered --subjects 3 --clips-per-class 3 --size 64 --min-frames 60 --max-frames 60
    for clip in "${clips[@]}"; do
        read -r source name <<< "$clip"
        for kind in frames keypoints; do
            mkdir -p clips/$kind
            cp -r "rendered/$kind/${source}"_* "clips/$kind/$name"
        done
    done
    cp -r clips my_data
    "$program" lists my_data --names '{group}_{class}_{}'
    echo "{\"preset\": \"tiny\", $once}" > tiny.json
    echo "{\"preset\": \"tiny\", \"regions\": \"none\", $once}" > tsm.json
    "$program" train --config tiny.json --data my_data --out mine
    "$program" train --config tsm.json --data my_data --out tsm
    for out in mine tsm; do
        "$program" eval --weights $out/best.safetensors --data my_data --split test --json-file $out/test.json
    done
    touch complete
}

# ---- What a page may have. Each function writes below the folder of the page.

unlisted_data() { cp -r "$made/clips" "$1"; }               # FOLDER: clips without labels and lists
data()          { cp -r "$made/my_data" "$1"; }             # FOLDER: the same with them
run_of()        { mkdir -p runs && cp -r "$made/$1" "$2"; } # mine|tsm RUN
weights()       { cp "$made/mine/best.safetensors" "$1"; }  # FILE: of the preset tiny

# FRAMES KEYPOINTS: 60 frames of one person.
recording() { cp -r "$made/clips/frames/P01_walk_003" "$1"; cp -r "$made/clips/keypoints/P01_walk_003" "$2"; }

# A folder with one of the two licensed datasets, in the form in which it comes.
ma52() {
    cp -r "$made/clips" MA-52
    printf '%s.mp4 %s\n' P01_walk_003 0 P01_wave_003 7 > MA-52/train_list_videos.txt
    printf '%s.mp4 %s\n' P02_walk_003 0 P02_wave_003 7 > MA-52/val_list_videos.txt
    printf '%s.mp4 %s\n' P03_walk_003 0 P03_wave_003 0 > MA-52/test_list_videos.txt
}
imigue() {  # of the MiGA challenge: its keypoints are OpenPose's here, which it reads too
    local number=0 split
    for split in train validate test; do
        number=$((number + 1))
        local video=000$number part=iMiGUE/imigue_skeleton_$split
        mkdir -p "$part/$video" iMiGUE/frames iMiGUE/keypoints
        recording iMiGUE/frames/$video iMiGUE/keypoints/$video
        printf '1,1,20\n2,21,40\n3,41,60\n' > "$part/$video/${video}_label.csv"
    done
}
# ma52|imigue FILE: a pretrained backbone as it comes, or as `import` converts it. Here both are a small
# model that was trained on the dataset.
pretrained() {
    if [ ! -e "$made/$1" ]; then
        (mkdir "$made/of_$1" && cd "$made/of_$1" && "$1" &&
            "$program" train --config "$folder/configs/paper-$1.json" --data * --out "$made/$1")
    fi
    cp "$made/$1/best.safetensors" "$2"
}
# FOLDER: keypoints of the clips as Ultralytics writes them for videos, with COCO's 17 joints: a file per
# frame with class, box and joints, divided by the side of the frames.
ultralytics() {
    mkdir -p "$1"
    local clip file number text
    for clip in "$made"/clips/keypoints/*; do
        for file in "$clip"/*.json; do
            number=${file##*/img_}
            text=$1/${clip##*/}_$((10#${number%%_*})).txt
            # From BODY_25 in OpenPose's order to COCO's.
            sed -n 's/.*"pose_keypoints_2d": *\[\([^]]*\)\].*/\1/p' "$file" | awk -F, -v side=64 '{
                line = "0 0.5 0.5 0.9 0.9"
                count = split("0 16 15 18 17 5 2 6 3 7 4 12 9 13 10 14 11", joint, " ")
                for (i = 1; i <= count; ++i) {
                    at = 3 * joint[i] + 1
                    line = line " " $at / side " " $(at + 1) / side " " $(at + 2)
                }
                print line " 0.9"
            }' > "$text"
            [ -s "$text" ] || rm "$text"  # nobody is in the frame
        done
    done
}
# Videos of the clips, where ffmpeg can make them.
videos() {  # FOLDER NAME...
    mkdir -p "$1"
    command -v ffmpeg > /dev/null || return 0
    local name
    for name in "${@:2}"; do
        # Twice its length, and then its first half, for who cuts it.
        ffmpeg -v error -stream_loop 1 -framerate 30 -i "$made/clips/frames/P01_walk_003/img_%05d.jpg" \
            -frames:v $([ "$1" = recordings ] && echo 120 || echo 60) -c:v mpeg4 -q:v 2 "$1/$name.mp4"
    done
}

# ---- What every page has: the program, the scripts and the recipes, as in a clone of the project.
[ -e "$made/complete" ] || (make_all)
mkdir -p "$folder/build" "$folder/data" "$folder/configs"
cd "$folder"
ln -s "$program" build/microdualnet
ln -s "$project/data/extract_frames" data/
for config in "$project"/configs/*.json; do ln -s "$config" configs/; done
for dataset in ma52 imigue; do
    rm configs/paper-$dataset.json
    echo "{\"preset\": \"paper-$dataset\", $small, $once}" > configs/paper-$dataset.json
done

case $page in
README.md)
    unlisted_data my_data
    ma52
    pretrained ma52 tsm_r101_kinetics400.pth
    recording day1 day1_pose
    ;;
docs/SPEC.md)
    weights W.safetensors
    echo '{"preset": "tiny"}' > C.json
    # The frames and boxes of a clip, among all that trace wrote of it.
    "$program" trace --weights W.safetensors --dataset "$made/my_data" --clip P01_walk_003 --output IN.safetensors
    ;;
docs/cuda_without_gpu.md)
    mkdir -p engine/cuda
    cp "$project/engine/cuda/attention.cu" engine/cuda/
    ;;
docs/data.md)
    unlisted_data my_data
    for name in by_class by_person by_code; do mkdir $name $name/frames; done
    for clip in "${clips[@]}"; do
        read -r _ name <<< "$clip"
        IFS=_ read -r person class number <<< "$name"
        mkdir -p by_class/frames/$class by_person/frames/$class
        cp -r my_data/frames/$name by_class/frames/$class/${person#P}
        cp -r my_data/frames/$name by_person/frames/$class/${person}_$number
        cp -r my_data/frames/$name by_code/frames/S001C002${person/P/P0}R002A0$([ $class = walk ] && echo 12 || echo 13)
    done
    rm -r my_data/keypoints
    ultralytics runs/pose/predict/labels
    ;;
docs/datasets.md)
    ma52
    imigue
    pretrained ma52 kinetics.safetensors
    pretrained imigue tsm_r101_kinetics400.pth
    videos videos new
    ;;
docs/explain.md | docs/export.md | docs/inside.md)
    data my_data
    run_of mine runs/mine
    ;;
docs/own_dataset.md)
    ultralytics runs/pose/predict/labels
    videos videos P01_wave_003 P02_walk_003 P02_wave_003 P03_walk_003 P03_wave_003
    videos recordings P01
    if ! command -v ffmpeg > /dev/null; then  # nothing extracts the frames
        unlisted_data my_data
        rm -r my_data/keypoints
    fi
    ;;
docs/recipes.md)
    data my_data
    ma52
    pretrained ma52 kinetics.safetensors
    run_of mine runs/mine
    ;;
docs/report.md)
    data my_data
    run_of tsm runs/tsm
    ;;
docs/timeline.md)
    weights W.safetensors
    recording day1 day1_pose
    ;;
docs/weights.md)
    ma52
    pretrained ma52 tsm_r101.pth
    ;;
*)
    data my_data
    run_of mine runs/mine
    ;;
esac
