// A model's predictions for a whole list, as a challenge's zip file or as a CSV table.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"
#include "train/metrics.h"

namespace mdn {

/// Throws Error unless these are the classes of MA-52: 52 actions of the same 7 body-level classes.
/// `dataset` is named in the message.
void check_submission_classes(const ClassNames& classes, const std::string& dataset);

/// prediction.csv of the MA-52 challenge: header
/// `vid,action_pred_1,…,action_pred_5,body_pred_1,…,body_pred_5`, a row a clip in the order given,
/// CRLF. A clip's vid is its name with `.mp4`; body_pred_k is the body-level class of
/// action_pred_k. Throws Error if a name would break the row.
std::string submission_csv(const std::vector<ClipPrediction>& predictions,
                           const ClassNames& classes);

/// The file to hand in: a zip archive that holds prediction.csv and nothing else.
std::string submission_zip(const std::vector<ClipPrediction>& predictions,
                           const ClassNames& classes);

/// For any dataset: `clip,label` and for each of the `top` likeliest classes its index, name and
/// probability, comma-separated with a header. The label is empty where the list gives none.
std::string predictions_csv(const std::vector<ClipPrediction>& predictions,
                            const ClassNames& classes, int64_t top);

}  // namespace mdn
