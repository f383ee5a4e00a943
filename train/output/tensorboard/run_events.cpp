#include "train/output/tensorboard/run_events.h"

#include <filesystem>
#include <utility>

#include "train/output/tensorboard/pictures.h"

namespace mdn {

RunEvents::RunEvents(const std::string& folder, std::vector<std::string> entities,
                     std::optional<int64_t> goes_on_at)
    : entities_(std::move(entities)) {
    if (!goes_on_at)
        for (const std::string& file : event_files(folder)) {
            std::error_code error;
            std::filesystem::remove(file, error);
            if (error) throw Error("cannot replace " + file + ": " + error.message());
        }
    file_.emplace(folder);
    if (goes_on_at) file_->restart_at(*goes_on_at);
}

void RunEvents::fields(int64_t step, const LogFields& line) {
    std::string kind;
    std::vector<std::pair<std::string, double>> scalars;
    for (const auto& [name, value] : line) {
        if (name == "kind") kind = std::get<std::string>(value) + "/";
        const std::string tag = kind + name;
        if (const auto* number = std::get_if<double>(&value)) {
            scalars.emplace_back(tag, *number);
        } else if (const auto* count = std::get_if<int64_t>(&value)) {
            if (name != "step") scalars.emplace_back(tag, static_cast<double>(*count));
        } else if (const auto* list = std::get_if<std::vector<double>>(&value)) {
            for (size_t i = 0; i < list->size(); ++i)
                scalars.emplace_back(tag + "/" + entities_.at(i), (*list)[i]);
        }
    }
    file_->scalars(step, scalars);
}

void RunEvents::frames(int64_t step, const Batch& batch) {
    if (batch.tensors.frames.defined())
        file_->image(step, "train/frames", frames_with_boxes(batch.tensors, 0));
}

void RunEvents::confusion(int64_t step, const Metrics& metrics) {
    file_->image(step, "val/confusion", confusion_picture(metrics.confusion));
}

}  // namespace mdn
