#include "train/checkpoints/import_weights.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "model/checkpoint_fit.h"
#include "model/checkpoint_names.h"
#include "train/checkpoints/checkpoint_file.h"

namespace mdn {

namespace {

using Kind = MappedName::Kind;

constexpr const char* backbone_prefix = "backbone.";

/// Groups names by their first part, and each group by the longest beginning that all its names
/// share: "optimizer.state.*", "fc.*". A name alone stands for itself.
NameGroups group(const std::vector<std::string>& names) {
    std::map<std::string, std::vector<const std::string*>> by_first;
    for (const std::string& name : names) by_first[name.substr(0, name.find('.'))].push_back(&name);
    NameGroups groups;
    for (const auto& [first, members] : by_first) {
        std::string shared = *members.front();
        if (members.size() > 1) {
            for (const std::string* member : members) {
                const auto end =
                    std::mismatch(shared.begin(), shared.end(), member->begin(), member->end());
                shared.erase(end.first, shared.end());
            }
            const size_t dot = shared.rfind('.');
            shared = (dot == std::string::npos ? first + "." : shared.substr(0, dot + 1)) + "*";
        }
        groups[shared] += static_cast<int64_t>(members.size());
    }
    return groups;
}

/// One checkpoint on its way into one model.
class Importer {
  public:
    Importer(const ParameterStore& parameters, const Config& config, const std::string& path)
        : parameters_(parameters),
          config_(config),
          file_(open_checkpoint(path)),
          mapping_(map_checkpoint_names(file_.names)) {}

    ImportReport run() {
        check_architecture();
        choose();
        check_complete();
        load();
        return report();
    }

  private:
    [[noreturn]] void fail(const std::string& what, const std::string& hint = {}) const {
        throw Error(file_.path + what, hint);
    }

    void check_architecture() {
        if (mapping_.taken == 0)
            fail(" has no tensor with a known name; the first is '" + file_.names.front() + "'",
                 "docs/weights.md lists the known names");
        for (size_t i = 0; i < file_.names.size(); ++i)
            if (mapping_.names[i].kind == Kind::alien)
                fail(" cannot be this model's backbone: it has " + mapping_.names[i].why +
                     " (tensor '" + file_.names[i] + "')");
        check_backbone_fits(mapping_, file_.shapes, config_.backbone, file_.path);
    }

    /// Which of the file's tensors becomes which parameter.
    void choose() {
        std::vector<std::string> ignored;
        for (size_t i = 0; i < file_.names.size(); ++i) {
            const MappedName& name = mapping_.names[i];
            const Parameter* parameter =
                name.kind == Kind::taken ? parameters_.find(name.ours) : nullptr;
            if (name.kind == Kind::counter) {
                ++report_.counters;
            } else if (!parameter) {
                if (name.ours.starts_with(backbone_prefix))
                    fail(": the config's backbone has no place for tensor '" + file_.names[i] +
                             "' " + to_string(file_.shapes[i]),
                         "do the strides agree? They decide which blocks have a downsample");
                ignored.push_back(file_.names[i]);
            } else if (file_.shapes[i] != parameter->disk_shape()) {
                const std::string what = "tensor '" + file_.names[i] + "' has shape " +
                                         to_string(file_.shapes[i]) + ", the config needs " +
                                         to_string(parameter->disk_shape());
                // A backbone in parts would be worse than none; a head is often for other classes.
                if (name.ours.starts_with(backbone_prefix)) fail(": " + what);
                report_.misfits.push_back(what);
            } else if (!chosen_.emplace(name.ours, i).second) {
                fail(": tensors '" + file_.names[chosen_.at(name.ours)] + "' and '" +
                     file_.names[i] + "' both stand for " + name.ours);
            }
        }
        report_.ignored = group(ignored);
    }

    void check_complete() const {
        if (mapping_.own) return;
        int64_t missing = 0;
        const Parameter* first = nullptr;
        for (const Parameter& parameter : parameters_.all()) {
            if (!parameter.name.starts_with(backbone_prefix) || chosen_.contains(parameter.name))
                continue;
            if (missing++ == 0) first = &parameter;
        }
        if (missing > 0)
            fail(" lacks " + std::to_string(missing) +
                     " of the backbone's tensors; the first is '" + first->name + "' " +
                     to_string(first->disk_shape()),
                 "is it a whole checkpoint, and do the strides agree?");
    }

    Tensor read(const std::string& ours) const {
        const size_t place = chosen_.at(ours);
        const Tensor tensor = file_.read(place);
        const std::string what = ": tensor '" + file_.names[place] + "' ";
        if (tensor.dtype() != DType::f32 && tensor.dtype() != DType::f64)
            fail(what + "holds " + to_string(tensor.dtype()) + ", not floating-point numbers");
        const auto check_finite = [&](const auto* numbers) {
            for (int64_t i = 0; i < tensor.numel(); ++i)
                if (!std::isfinite(static_cast<float>(numbers[i])))
                    fail(what + "holds " + std::to_string(numbers[i]) +
                         ", which is not finite in float32");
        };
        if (tensor.dtype() == DType::f32)
            check_finite(tensor.data<float>());
        else
            check_finite(tensor.data<double>());
        return tensor;
    }

    /// Twice over the file, and not all of it in memory: nothing is changed until all is known to
    /// be good.
    void load() {
        for (const auto& [ours, place] : chosen_) read(ours);
        std::vector<std::string> taken, initial;
        for (const Parameter& parameter : parameters_.all()) {
            if (!chosen_.contains(parameter.name)) {
                initial.push_back(parameter.name);
                continue;
            }
            parameter.load_disk(read(parameter.name));
            report_.taken_numbers += parameter.value.numel();
            taken.push_back(parameter.name);
        }
        report_.taken = group(taken);
        report_.initial = group(initial);
    }

    ImportReport report() {
        report_.path = file_.path;
        report_.container = file_.container;
        report_.family = mapping_.family;
        report_.wrapper = mapping_.wrapper;
        report_.own = mapping_.own;
        report_.shifts_named = mapping_.shifted;
        report_.in_file = static_cast<int64_t>(file_.names.size());
        report_.skipped = file_.skipped;
        return std::move(report_);
    }

    const ParameterStore& parameters_;
    const Config& config_;
    const CheckpointFile file_;
    const NameMapping mapping_;
    std::map<std::string, size_t> chosen_;  // the place in the file of each parameter taken
    ImportReport report_;
};

std::string counted(int64_t count, const char* what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

int64_t total(const NameGroups& groups) {
    int64_t sum = 0;
    for (const auto& [name, count] : groups) sum += count;
    return sum;
}

void print_groups(std::ostream& out, const NameGroups& groups) {
    size_t width = 0;
    for (const auto& [name, count] : groups) width = std::max(width, name.size());
    for (const auto& [name, count] : groups)
        out << "  " << name << std::string(width - name.size() + 2, ' ') << count << "\n";
}

}  // namespace

ImportReport import_weights(const ParameterStore& parameters, const Config& config,
                            const std::string& path) {
    return Importer(parameters, config, path).run();
}

void ImportReport::print(std::ostream& out) const {
    out << path << ": " << container << ", " << counted(in_file, "tensor") << "; names of "
        << family;
    if (!wrapper.empty()) out << " under '" << wrapper << "'";
    out << "\n";
    if (!own)
        out << (shifts_named
                    ? "its temporal shifts are those of this config\n"
                    : "its names do not tell whether it has temporal shifts; these have no "
                      "weights, so the weights of an image network fit\n");
    out << "taken: " << counted(total(taken), "tensor") << ", " << taken_numbers << " numbers\n";
    print_groups(out, taken);
    const int64_t left = total(ignored) + counters + static_cast<int64_t>(misfits.size());
    out << "ignored: " << counted(left, "tensor") << "\n";
    NameGroups others = ignored;
    if (counters > 0) others["num_batches_tracked"] = counters;
    print_groups(out, others);
    for (const std::string& misfit : misfits) out << "  " << misfit << "\n";
    out << "at initial values: " << counted(total(initial), "tensor") << "\n";
    print_groups(out, initial);
    if (!skipped.empty()) {
        out << "objects that are not tensors, never run:\n";
        print_groups(out, skipped);
    }
}

}  // namespace mdn
