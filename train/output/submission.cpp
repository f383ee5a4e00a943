#include "train/output/submission.h"

#include "data/formats/list_file.h"
#include "data/formats/ma52.h"
#include "data/zip_writer.h"
#include "engine/error.h"
#include "train/output/format.h"

namespace mdn {

void check_submission_classes(const ClassNames& classes, const std::string& dataset) {
    if (classes.body_of == ma52_classes().body_of) return;
    throw Error("--submission writes the file of the MA-52 challenge, but " + dataset + " has " +
                    std::to_string(classes.count()) + " classes" +
                    (classes.count() != 52     ? ""
                     : classes.body_of.empty() ? " without body-level classes"
                                               : " with other body-level classes"),
                "--predictions FILE writes a table for any dataset");
}

std::string submission_csv(const std::vector<ClipPrediction>& predictions,
                           const ClassNames& classes) {
    constexpr int64_t places = 5;
    std::string text = "vid";
    for (const char* level : {"action", "body"})
        for (int64_t k = 1; k <= places; ++k)
            text.append(",").append(level).append("_pred_").append(std::to_string(k));
    text += "\r\n";
    for (const ClipPrediction& clip : predictions) {
        std::string vid = clip.clip;
        if (!vid.ends_with(".mp4")) vid += ".mp4";
        if (csv_field(vid) != vid)
            throw Error("clip '" + clip.clip +
                        "' cannot be submitted: its name has a comma, a quote or a line break");
        const std::vector<int64_t> actions = top_classes(clip.probabilities, places);
        text += vid;
        for (int64_t action : actions) text.append(",").append(std::to_string(action));
        for (int64_t action : actions)
            text.append(",").append(std::to_string(classes.body_of.at(action)));
        text += "\r\n";
    }
    return text;
}

std::string submission_zip(const std::vector<ClipPrediction>& predictions,
                           const ClassNames& classes) {
    return zip_archive({{"prediction.csv", submission_csv(predictions, classes)}});
}

std::string predictions_csv(const std::vector<ClipPrediction>& predictions,
                            const ClassNames& classes, int64_t top) {
    top = std::min(top, classes.count());
    std::string text = "clip,label";
    for (int64_t k = 1; k <= top; ++k)
        for (const char* column : {"class", "name", "probability"})
            text.append(",").append(column).append("_").append(std::to_string(k));
    text += "\n";
    for (const ClipPrediction& clip : predictions) {
        text.append(csv_field(clip.clip)).append(",");
        if (clip.label != unlabelled) text += std::to_string(clip.label);
        for (int64_t c : top_classes(clip.probabilities, top)) {
            text.append(",").append(std::to_string(c)).append(",");
            text.append(csv_field(classes.names[c])).append(",");
            text += format("%.6f", clip.probabilities[c]);
        }
        text += "\n";
    }
    return text;
}

}  // namespace mdn
