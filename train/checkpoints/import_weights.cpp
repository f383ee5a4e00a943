#include "train/checkpoints/import_weights.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "model/checkpoint_fit.h"
#include "model/checkpoint_names.h"
#include "train/checkpoints/check_numbers.h"
#include "train/checkpoints/checkpoint.h"

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

/// A checkpoint's weights at one place among its names, held against a model.
struct Fit {
    NamePlace place;
    NameMapping mapping;
    std::map<std::string, size_t> chosen;  // the place in the file of each parameter taken
    std::vector<std::string> misfits;      // our own names of other shapes
    std::vector<std::string> ignored;
    int64_t counters = 0;
};

/// "'state_dict.backbone.'"; the top has no prefix.
std::string shown(const NamePlace& place) {
    return place.prefix.empty() ? "no prefix ('.')" : "'" + place.prefix + "'";
}

/// One checkpoint on its way into one model.
class Importer {
  public:
    Importer(const ParameterStore& parameters, const Config& config, const std::string& path,
             const std::string& prefix, Checksums checksums, CountDone read_so_far)
        : parameters_(parameters),
          config_(config),
          file_(open_checkpoint(path, checksums)),
          prefix_(prefix),
          read_so_far_(std::move(read_so_far)) {
        if (!prefix_.empty() && !prefix_.ends_with('.')) prefix_ += '.';
    }

    ImportReport run() {
        const Fit fit = find();
        load(fit);
        return report(fit);
    }

  private:
    static constexpr size_t most_places = 64;  // that are tried
    static constexpr size_t most_listed = 8;

    [[noreturn]] void fail(const std::string& what, const std::string& hint = {}) const {
        throw Error(file_.path + what, hint);
    }

    // ---- Where the weights are.
    Fit find() {
        if (file_.names.empty()) fail(" holds no tensors");
        const std::vector<NamePlace> all = find_name_places(file_.names);
        std::vector<NamePlace> places = all;
        if (places.empty())
            fail(" has no tensor whose name is known: its first is '" + file_.names.front() + "'",
                 "docs/weights.md lists the names that are");
        if (!prefix_.empty()) places = under_prefix(places);
        // Networks, and the model's own names; without any, what is there says what is missing.
        const auto whole = [](const NamePlace& place) { return place.has_blocks || place.own; };
        if (std::any_of(places.begin(), places.end(), whole))
            std::erase_if(places, [&](const NamePlace& place) { return !whole(place); });
        if (places.size() > most_places) places.resize(most_places);
        several_ = places.size() > 1;

        std::optional<Error> first;
        for (const bool averaged : {false, true}) {
            std::vector<Fit> fits;
            for (const NamePlace& place : places) {
                if (place.averaged != averaged) continue;
                try {
                    fits.push_back(fit(place));
                } catch (const Error& error) {
                    if (!first) first = error;
                }
            }
            drop_repeated(fits);
            if (fits.size() > 1) refuse_several(fits);
            if (fits.size() == 1) {
                note_others(all, fits[0].place);
                return std::move(fits[0]);
            }
        }
        throw *first;
    }

    /// Those of that very prefix, else those below it.
    std::vector<NamePlace> under_prefix(const std::vector<NamePlace>& places) const {
        const std::string wanted = prefix_ == "." ? "" : prefix_;
        std::vector<NamePlace> exact, below;
        for (const NamePlace& place : places) {
            if (place.prefix == wanted) exact.push_back(place);
            if (place.prefix.starts_with(wanted)) below.push_back(place);
        }
        const auto whole = [](const NamePlace& place) { return place.has_blocks || place.own; };
        if (std::any_of(exact.begin(), exact.end(), whole)) return exact;
        if (!below.empty()) return below;
        std::vector<std::string> known;
        for (const NamePlace& place : places)
            if (whole(place)) known.push_back(shown(place));
        fail(" has no tensor of a known name under --prefix " + prefix_,
             known.empty() ? "its first tensor is '" + file_.names.front() + "'"
                           : "known names stand under " + listed(known));
    }

    static std::string listed(const std::vector<std::string>& items) {
        std::string text;
        for (size_t i = 0; i < std::min(items.size(), most_listed); ++i)
            text.append(i ? ", " : "").append(items[i]);
        if (items.size() > most_listed)
            text += " and " + std::to_string(items.size() - most_listed) + " more";
        return text;
    }

    /// Throws Error where what stands there is not this model's backbone, or not all of it.
    Fit fit(const NamePlace& place) const {
        Fit fit{place, map_names(file_.names, place), {}, {}, {}, 0};
        // Where several could be meant, a message says of which it speaks.
        const std::string source =
            file_.path +
            (several_ && !place.prefix.empty() ? " (under '" + place.prefix + "')" : "");
        for (size_t i = 0; i < file_.names.size(); ++i)
            if (fit.mapping.names[i].kind == Kind::alien)
                throw Error(source + " cannot be this model's backbone: it has " +
                            fit.mapping.names[i].why + " (tensor '" + file_.names[i] + "')");
        check_backbone_fits(fit.mapping, file_.shapes, config_.backbone, source);
        choose(fit, source);
        check_complete(fit, source);
        return fit;
    }

    /// Which of the file's tensors becomes which parameter.
    void choose(Fit& fit, const std::string& source) const {
        for (size_t i = 0; i < file_.names.size(); ++i) {
            const MappedName& name = fit.mapping.names[i];
            const Parameter* parameter =
                name.kind == Kind::taken ? parameters_.find(name.ours) : nullptr;
            if (name.kind == Kind::counter) {
                ++fit.counters;
            } else if (!parameter) {
                if (name.ours.starts_with(backbone_prefix))
                    throw Error(source + ": the config's backbone has no place for tensor '" +
                                    file_.names[i] + "' " + to_string(file_.shapes[i]),
                                "do the strides agree? They decide which blocks have a downsample");
                fit.ignored.push_back(file_.names[i]);
            } else if (file_.shapes[i] != parameter->disk_shape()) {
                const std::string what = "tensor '" + file_.names[i] + "' has shape " +
                                         to_string(file_.shapes[i]) + ", the config needs " +
                                         to_string(parameter->disk_shape());
                // A backbone in parts would be worse than none; a head is often for other classes.
                if (name.ours.starts_with(backbone_prefix)) throw Error(source + ": " + what);
                fit.misfits.push_back(what);
            } else if (const auto [known, added] = fit.chosen.emplace(name.ours, i); !added) {
                throw Error(source + ": tensors '" + file_.names[known->second] + "' and '" +
                            file_.names[i] + "' both stand for " + name.ours);
            }
        }
    }

    void check_complete(const Fit& fit, const std::string& source) const {
        if (fit.mapping.own) {
            if (fit.chosen.empty())
                throw Error(source +
                                " has none of this model's tensors in the shapes that the "
                                "config needs",
                            fit.misfits.empty() ? "do the weights belong to this config?"
                                                : fit.misfits.front());
            return;
        }
        int64_t missing = 0;
        const Parameter* first = nullptr;
        for (const Parameter& parameter : parameters_.all()) {
            if (!parameter.name.starts_with(backbone_prefix) || fit.chosen.contains(parameter.name))
                continue;
            if (missing++ == 0) first = &parameter;
        }
        if (missing > 0)
            throw Error(source + " lacks " + std::to_string(missing) +
                            " of the backbone's tensors; the first is '" + first->name + "' " +
                            to_string(first->disk_shape()),
                        "is it a whole checkpoint, and do the strides agree?");
    }

    /// Leaves out what is part of another one, and what holds the same numbers under other names.
    void drop_repeated(std::vector<Fit>& fits) const {
        std::vector<bool> dropped(fits.size());
        for (size_t whole = 0; whole < fits.size(); ++whole)
            for (size_t part = 0; part < fits.size(); ++part)
                if (part != whole && !dropped[part] && !dropped[whole])
                    dropped[part] = repeats(fits[part], fits[whole]);
        size_t place = 0;
        std::erase_if(fits, [&](const Fit&) { return dropped[place++]; });
    }
    bool repeats(const Fit& part, const Fit& whole) const {
        for (const auto& [ours, place] : part.chosen) {
            const auto other = whole.chosen.find(ours);
            if (other == whole.chosen.end() || !same_numbers(place, other->second)) return false;
        }
        return true;
    }
    bool same_numbers(size_t a, size_t b) const {
        if (a == b) return true;
        try {
            const Tensor x = file_.read(a), y = file_.read(b);
            return x.dtype() == y.dtype() && x.shape() == y.shape() &&
                   std::memcmp(x.raw(), y.raw(), static_cast<size_t>(x.bytes())) == 0;
        } catch (const Error&) {
            return false;  // said when it is taken
        }
    }

    [[noreturn]] void refuse_several(const std::vector<Fit>& fits) const {
        std::vector<std::string> places;
        for (const Fit& fit : fits)
            places.push_back(shown(fit.place) + " (" + std::to_string(fit.chosen.size()) +
                             " tensors)");
        const std::string& example = fits.front().place.prefix;
        fail(" holds several networks that fit, under " + listed(places),
             "--prefix chooses, as in --prefix " + (example.empty() ? "." : example));
    }

    void note_others(const std::vector<NamePlace>& all, const NamePlace& taken) {
        for (const NamePlace& place : all) {
            const bool part = taken.own ? place.prefix.starts_with(taken.prefix)
                                        : place.own || place.prefix == taken.prefix;
            if (place.has_blocks && !part && report_.others.size() < most_listed)
                report_.others.push_back(shown(place));
        }
    }

    // ---- Their numbers.
    Tensor read(const std::string& ours, size_t place) const {
        const Tensor tensor = file_.read(place);
        const std::string what = ": tensor '" + file_.names[place] + "' ";
        if (tensor.dtype() != DType::f32 && tensor.dtype() != DType::f64)
            fail(what + "holds " + to_string(tensor.dtype()) + ", not floating-point numbers");
        check_numbers(file_.path, file_.names[place], tensor);
        const auto is_zero = [&](const auto* numbers) {
            return std::all_of(numbers, numbers + tensor.numel(),
                               [](auto number) { return number == 0; });
        };
        const bool all_zero =
            tensor.numel() > 0 && (tensor.dtype() == DType::f32 ? is_zero(tensor.data<float>())
                                                                : is_zero(tensor.data<double>()));
        // No training leaves a whole convolution or a variance at zero; files without their data
        // do.
        const bool never_zero = ours.starts_with(backbone_prefix) &&
                                (tensor.rank() == 4 || ours.ends_with("running_var"));
        if (all_zero && never_zero)
            fail(what + to_string(tensor.shape()) + " holds nothing but zeros",
                 "the file seems to have been written without its numbers "
                 "(torch.serialization.skip_data does that) or to be the preallocated part of a "
                 "download: get it again");
        return tensor;
    }

    /// Twice over the file, and not all of it in memory: nothing is changed until all is known to
    /// be good.
    void load(const Fit& fit) {
        const int64_t reads = 2 * std::ssize(fit.chosen);
        int64_t done = 0;
        const auto next = [&](const std::string& ours, size_t place) {
            const Tensor tensor = read(ours, place);
            if (read_so_far_) read_so_far_(++done, reads);
            return tensor;
        };
        for (const auto& [ours, place] : fit.chosen) next(ours, place);
        std::vector<std::string> taken, initial;
        for (const Parameter& parameter : parameters_.all()) {
            const auto found = fit.chosen.find(parameter.name);
            if (found == fit.chosen.end()) {
                initial.push_back(parameter.name);
                continue;
            }
            parameter.load_disk(next(parameter.name, found->second));
            report_.taken_numbers += parameter.value.numel();
            taken.push_back(parameter.name);
        }
        report_.taken = group(taken);
        report_.initial = group(initial);
    }

    ImportReport report(const Fit& fit) {
        report_.path = file_.path;
        report_.container = file_.container;
        report_.family = fit.mapping.family;
        report_.prefix = fit.mapping.prefix;
        report_.own = fit.mapping.own;
        report_.averaged = fit.place.averaged;
        report_.shifts_named = fit.mapping.shifted;
        report_.in_file = static_cast<int64_t>(file_.names.size());
        report_.ignored = group(fit.ignored);
        report_.misfits = fit.misfits;
        report_.counters = fit.counters;
        report_.skipped = file_.skipped;
        const auto of_classifier = [](const auto& group) {
            return group.first.starts_with("classifier.");
        };
        const auto names = file_.metadata.find(metadata_classes);
        if (fit.mapping.own && names != file_.metadata.end() &&
            std::none_of(report_.initial.begin(), report_.initial.end(), of_classifier))
            report_.class_names = names->second;
        return std::move(report_);
    }

    const ParameterStore& parameters_;
    const Config& config_;
    const CheckpointFile file_;
    std::string prefix_;
    CountDone read_so_far_;
    bool several_ = false;  // places that could be meant
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
                            const std::string& path, const std::string& prefix, Checksums checksums,
                            const CountDone& read_so_far) {
    return Importer(parameters, config, path, prefix, checksums, read_so_far).run();
}

void ImportReport::print(std::ostream& out) const {
    out << path << ": " << container << ", " << counted(in_file, "tensor") << "; names of "
        << family;
    if (!prefix.empty()) out << " under '" << prefix << "'";
    out << (averaged ? ", averaged weights\n" : "\n");
    for (const std::string& other : others)
        out << "left aside: the network under " << other << " (--prefix takes it)\n";
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
