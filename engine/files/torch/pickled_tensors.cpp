#include "engine/files/torch/pickled_tensors.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "engine/error.h"
#include "engine/files/torch/torch_types.h"

namespace mdn {

namespace {

using Kind = PickleValue::Kind;

/// Functions that rebuild tensors whose numbers are not read, and why not. Where among their
/// arguments the shape stands, or -1.
struct OtherRebuild {
    const char* function;
    const char* refusal;
    int shape;
};
constexpr OtherRebuild other_rebuilds[] = {
    {"torch._utils _rebuild_meta_tensor_no_storage",
     "was on the device 'meta' when it was saved: it has no numbers", 1},
    {"torch._utils _rebuild_qtensor", "is quantised", 2},
    {"torch._utils _rebuild_sparse_tensor", "is sparse", -1},
    {"torch._utils _rebuild_sparse_csr_tensor", "is sparse", -1},
    {"torch._utils _rebuild_nested_tensor", "is nested", -1},
    {"torch._utils _rebuild_wrapper_subclass", "is of a class of its own", 2},
};
constexpr const char* rebuild_v3 = "torch._utils _rebuild_tensor_v3";

constexpr const char* ordered_dict = "collections OrderedDict";
constexpr size_t deepest = 32;  // dicts in dicts
constexpr size_t highest_rank = 32;
constexpr int most_wrappers = 8;  // parameters around tensors around …

class TensorFinder {
  public:
    TensorFinder(const Pickle& pickle, const std::string& source, int64_t budget)
        : pickle_(pickle), source_(source), budget_(budget) {}

    PickledTensors find() {
        visited_.resize(pickle_.container_count());
        modules_.resize(pickle_.container_count());
        pickle_.each(Kind::dict, [&](PickleValue value) { note_if_module(value); });
        pickle_.each(Kind::persistent, [&](PickleValue value) { add_storage(value); });
        walk();
        count_skipped();
        if (result_.tensors.empty())
            throw Error(source_ + " holds no named tensors: at its top is " + describe_root(),
                        "a checkpoint is written by torch.save(model.state_dict(), ...)");
        return std::move(result_);
    }

  private:
    [[noreturn]] void fail(const std::string& what) const {
        throw Error(source_ + ": not a valid PyTorch file: " + what);
    }

    /// "collections OrderedDict"; "" if it is not a class or function.
    const std::string& global(PickleValue value) const {
        static const std::string none;
        return value.is(Kind::global) ? pickle_.text(value) : none;
    }
    const std::string& callable(PickleValue object) const {
        return global(pickle_.items(object)[Pickle::callable]);
    }
    static std::string dotted(std::string global) {
        std::replace(global.begin(), global.end(), ' ', '.');
        return global;
    }
    const std::vector<PickleValue>& arguments(PickleValue object) const {
        return pickle_.items(pickle_.items(object)[Pickle::arguments]);
    }

    // ---- Storages: ('storage', torch.FloatStorage, key, location, numel[, view]).
    struct StorageWindow {
        std::string key;
        int64_t offset;  // of a legacy view into the storage
    };

    /// Whether the identity is that of a storage; others are a class with its source code.
    std::optional<StorageWindow> window(PickleValue value) const {
        if (!value.is(Kind::persistent)) return {};
        const auto& id = pickle_.items(pickle_.items(value)[0]);
        if (id.size() < 5 || pickle_.text(id[0]) != "storage") return {};
        StorageWindow window{pickle_.text(id[2]), 0};
        if (!id[2].is(Kind::text)) fail("a storage has no key");
        // (key of the view, offset, numel)
        if (id.size() > 5 && id[5].is(Kind::tuple)) {
            const auto& view = pickle_.items(id[5]);
            if (view.size() != 3 || !view[1].is(Kind::integer)) fail("a damaged storage view");
            window.offset = view[1].payload();
        }
        return window;
    }

    void add_storage(PickleValue value) {
        const std::optional<StorageWindow> found = window(value);
        if (!found) return;
        const auto& id = pickle_.items(pickle_.items(value)[0]);
        // "torch FloatStorage", or "torch.cuda FloatStorage" in old files.
        const std::string& name = global(id[1]);
        const auto stored_so = [&](const TorchType& type) {
            return name == std::string("torch ") + type.storage ||
                   name == std::string("torch.cuda ") + type.storage ||
                   name == std::string("torch.storage ") + type.storage;
        };
        const TorchType* type =
            std::find_if(std::begin(torch_types), std::end(torch_types), stored_so);
        if (type == std::end(torch_types))
            fail("storage '" + found->key + "' holds '" + dotted(name) + "', an unknown type");
        if (!id[4].is(Kind::integer) || id[4].payload() < 0)
            fail("storage '" + found->key + "' has no size");
        const TorchStorage storage{type, id[4].payload()};
        const auto [known, added] = result_.storages.emplace(found->key, storage);
        if (added)
            charge(found->key.size() + 128);
        else if (known->second.type != type || known->second.numel != storage.numel)
            fail("storage '" + found->key + "' has two sizes: " + to_string(known->second) +
                 " and " + to_string(storage));
    }

    // ---- Tensors: objects that one of PyTorch's functions would rebuild.
    struct Rebuild {
        const std::string* function = nullptr;  // null: the value is no tensor
        const std::vector<PickleValue>* given = nullptr;
        const OtherRebuild* other = nullptr;
    };

    /// The function that rebuilds the tensor, and its arguments. Takes what is wrapped around a
    /// tensor off.
    Rebuild rebuild(PickleValue value) const {
        for (int i = 0; i < most_wrappers && value.is(Kind::object); ++i) {
            const std::string* function = &callable(value);
            const std::vector<PickleValue>* given = &arguments(value);
            if (*function == "torch._tensor _rebuild_from_type_v2" && given->size() >= 3) {
                function = &global((*given)[0]);  // (function, type, arguments, state)
                given = &pickle_.items((*given)[2]);
            }
            if (*function == "torch._utils _rebuild_tensor_v2" ||
                *function == "torch._utils _rebuild_tensor" || *function == rebuild_v3)
                return {function, given, nullptr};
            for (const OtherRebuild& other : other_rebuilds)
                if (*function == other.function) return {function, given, &other};
            if (!wraps_tensor(*function) || given->empty()) return {};
            value = (*given)[0];
        }
        return {};
    }

    static bool wraps_tensor(const std::string& function) {
        return function == "torch._utils _rebuild_parameter" ||
               function == "torch._utils _rebuild_parameter_with_state";
    }

    TorchTensor read_tensor(const std::string& name, const Rebuild& rebuild) {
        const auto wrong = [&](const std::string& what) { fail("tensor '" + name + "': " + what); };
        const auto& given = *rebuild.given;
        const auto numbers = [&](PickleValue list, const char* what) {
            const auto& items = pickle_.items(list);
            if (items.size() > highest_rank || !(list.is(Kind::tuple) || list.is(Kind::list)))
                wrong(std::string("its ") + what + " is not a list of numbers");
            std::vector<int64_t> values;
            for (PickleValue item : items) {
                if (!item.is(Kind::integer) || item.payload() < 0)
                    wrong(std::string("its ") + what + " holds something that is not a size");
                values.push_back(item.payload());
            }
            return values;
        };
        TorchTensor tensor{.name = name,
                           .shape = {},
                           .strides = {},
                           .offset = 0,
                           .storage = {&no_type, 0},
                           .storage_key = {},
                           .negated = false,
                           .refusal = {}};
        if (const OtherRebuild* other = rebuild.other) {
            const auto place = static_cast<size_t>(other->shape);
            if (other->shape >= 0 && place < given.size() && pickle_.items(given[place]).size() > 0)
                tensor.shape = numbers(given[place], "shape");
            tensor.refusal = other->refusal;
            return tensor;
        }
        // (storage, offset, size, stride, requires_grad, hooks, metadata), from version 3 on with
        // the type before the metadata and a storage of bytes.
        const bool typed = *rebuild.function == rebuild_v3;
        if (given.size() < (typed ? 7 : 4)) wrong("it is not fully described");
        const std::optional<StorageWindow> found = window(given[0]);
        if (!found) wrong("it has no storage");
        tensor.shape = numbers(given[2], "shape");
        tensor.strides = numbers(given[3], "stride");
        const size_t metadata = typed ? 7 : 6;
        if (given.size() > metadata) read_metadata(given[metadata], tensor);
        if (typed) {
            const std::string& type = global(given[6]);
            tensor.refusal = "holds " + type.substr(std::min(type.size(), type.find(' ') + 1)) +
                             ", which is not read";
            return tensor;
        }
        tensor.offset = given[1].is(Kind::integer) ? given[1].payload() : -1;
        tensor.storage = result_.storages.at(found->key);
        tensor.storage_key = found->key;
        if (tensor.strides.size() != tensor.shape.size())
            wrong("it does not have one stride per axis");
        if (tensor.offset < 0 || found->offset < 0) wrong("it begins before its storage");
        tensor.offset += found->offset;  // each below 2⁵⁹
        check_inside(tensor, wrong);
        return tensor;
    }

    /// {"neg": True}: what PyTorch does to the stored numbers whenever it reads them.
    void read_metadata(PickleValue metadata, TorchTensor& tensor) const {
        const auto& items = pickle_.items(metadata);
        for (size_t i = 0; i + 1 < items.size(); i += 2) {
            const std::string& key = pickle_.text(items[i]);
            if (items[i + 1].is(Kind::integer) && items[i + 1].payload() == 0) continue;
            if (key == "neg")
                tensor.negated = true;
            else
                tensor.refusal = "bears the mark '" + key + "'" +
                                 (key == "conj" ? ", complex conjugation," : "") +
                                 " which is not read";
        }
    }

    template <class Wrong>
    void check_inside(const TorchTensor& tensor, Wrong wrong) const {
        int64_t numel = 1;
        for (const int64_t size : tensor.shape)
            if (__builtin_mul_overflow(numel, size, &numel))
                wrong("the size of " + to_string(tensor.shape) + " overflows 63 bits");
        if (numel == 0) return;
        int64_t last = tensor.offset;
        for (size_t axis = 0; axis < tensor.shape.size(); ++axis) {
            int64_t step = 0;
            if (__builtin_mul_overflow(tensor.shape[axis] - 1, tensor.strides[axis], &step) ||
                __builtin_add_overflow(last, step, &last))
                wrong("its strides overflow 64 bits");
        }
        if (last >= tensor.storage.numel)
            wrong(to_string(tensor.shape) + " reaches number " + std::to_string(last) +
                  " of a storage of " + to_string(tensor.storage));
    }

    // ---- From the top through nested dicts; a dict that is met again is not entered again.
    struct Frame {
        PickleValue container;
        enum { dict, pairs, module } layout;
        size_t next;    // item
        size_t prefix;  // length of the path to this dict, with the '.'
    };

    void walk() {
        enter(pickle_.root());
        while (!frames_.empty()) {
            path_.resize(frames_.back().prefix);
            if (const auto entry = next_entry())
                visit(entry->first, entry->second);
            else
                frames_.pop_back();
        }
    }

    /// The next key and value of the innermost dict.
    std::optional<std::pair<PickleValue, PickleValue>> next_entry() {
        Frame& frame = frames_.back();
        const auto& items = pickle_.items(frame.container);
        if (frame.layout == Frame::pairs) {
            if (frame.next >= items.size()) return {};
            const auto& pair = pickle_.items(items[frame.next++]);
            return pair.size() == 2 ? std::pair(pair[0], pair[1])
                                    : std::pair<PickleValue, PickleValue>();
        }
        if (frame.next + 1 >= items.size()) return {};
        frame.next += 2;
        return std::pair(items[frame.next - 2], items[frame.next - 1]);
    }

    void visit(PickleValue key, PickleValue value) {
        if (frames_.back().layout == Frame::module) {
            // What a model's own state_dict() would list, under the names it would give.
            const std::string& attribute = pickle_.text(key);
            if (attribute == "_parameters" || attribute == "_buffers" || attribute == "_modules")
                enter(value);
            return;
        }
        if (key.is(Kind::text))
            path_ += pickle_.text(key);
        else if (key.is(Kind::integer))
            path_ += std::to_string(key.payload());
        else
            return;
        if (path_.size() > static_cast<size_t>(Pickle::longest_text)) return;
        if (const Rebuild found = rebuild(value); found.function) return add_tensor(found);
        path_ += '.';
        enter(value);
    }

    void enter(PickleValue value) {
        Frame frame{value, Frame::dict, 0, path_.size()};
        if (value.is(Kind::object)) {
            const PickleValue state = pickle_.items(value)[Pickle::state];
            const auto& given = arguments(value);
            frame.next = Pickle::contents;
            if (is_module(state))
                frame = {state, Frame::module, 0, path_.size()};
            else if (callable(value) == ordered_dict && !given.empty() && given[0].is(Kind::list))
                frame = {given[0], Frame::pairs, 0, path_.size()};  // as Python 2 writes them
        } else if (!value.is(Kind::dict)) {
            return;
        }
        const size_t number = pickle_.container(frame.container);
        if (visited_[number] || frames_.size() == deepest) return;
        visited_[number] = true;
        frames_.push_back(frame);
    }

    bool is_module(PickleValue state) const {
        return state.is(Kind::dict) && modules_[pickle_.container(state)];
    }
    void note_if_module(PickleValue dict) {
        const auto& items = pickle_.items(dict);
        for (size_t i = 0; i < items.size(); i += 2)
            if (pickle_.text(items[i]) == "_modules") modules_[pickle_.container(dict)] = true;
    }

    void add_tensor(const Rebuild& found) {
        TorchTensor tensor = read_tensor(path_, found);
        charge(sizeof tensor + 3 * tensor.name.size() + tensor.storage_key.size() +
               tensor.refusal.size() + 32 * tensor.shape.size() + 64);
        const auto [known, added] = by_name_.emplace(tensor.name, result_.tensors.size());
        if (added)
            result_.tensors.push_back(std::move(tensor));
        else
            result_.tensors[known->second] = std::move(tensor);
    }

    void charge(size_t bytes) {
        budget_ -= static_cast<int64_t>(bytes);
        if (budget_ < 0)
            throw Error(source_ + " names far more tensors than a checkpoint of this size has");
    }

    // ---- What is said of the rest.
    void count_skipped() {
        std::map<int64_t, int64_t> counts;  // by where the pickle keeps the class's name
        pickle_.each(Kind::object, [&](PickleValue object) {
            const std::string& name = callable(object);
            const bool understood = name.empty() || name == ordered_dict || wraps_tensor(name) ||
                                    rebuild(object).function ||
                                    is_module(pickle_.items(object)[Pickle::state]);
            if (!understood) ++counts[pickle_.items(object)[Pickle::callable].payload()];
        });
        for (const auto& [place, count] : counts)
            result_.skipped[dotted(pickle_.text({Kind::global, place}))] += count;
    }

    std::string describe_root() const {
        const PickleValue root = pickle_.root();
        switch (root.kind()) {
            case Kind::dict:
                return "a dict without tensors";
            case Kind::list:
                return "a list";
            case Kind::tuple:
                return "a tuple";
            case Kind::text:
                return "a text";
            case Kind::integer:
                return "a number";
            case Kind::global:
                return dotted(global(root));
            case Kind::object:
                break;
            default:
                return "something else";
        }
        if (rebuild(root).function) return "a single tensor";
        const std::string& name = callable(root);
        return name == ordered_dict ? "a dict without tensors"
                                    : "an object of " + dotted(name) + ", which is never run";
    }

    const Pickle& pickle_;
    const std::string& source_;
    int64_t budget_;
    PickledTensors result_;
    std::unordered_map<std::string, size_t> by_name_;
    std::vector<bool> visited_, modules_;  // by container
    std::vector<Frame> frames_;
    std::string path_;
};

}  // namespace

PickledTensors find_tensors(const Pickle& pickle, const std::string& source, int64_t budget) {
    return TensorFinder(pickle, source, budget).find();
}

std::string to_string(const TorchStorage& storage) {
    return std::to_string(storage.numel) + " x " + storage.type->name;
}

}  // namespace mdn
