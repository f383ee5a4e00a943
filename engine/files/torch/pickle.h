// Python's pickle format read as plain data: a tree of values, with nothing of it ever run.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "engine/files/byte_source.h"

namespace mdn {

/// A handle on a value of a Pickle, which holds what is behind it.
class PickleValue {
  public:
    enum class Kind : uint8_t {
        opaque,      // what no reader needs: None, floats, sets; also what PickleKeep leaves out
        integer,     // also True and False
        bytes,       // where they are in the source: span()
        long_text,   // the same of a text of more than Pickle::longest_text bytes
        text,        // at most Pickle::longest_text bytes
        global,      // a class or function: "module name"
        tuple,       // items
        list,        // items
        dict,        // items: key, value, key, value, …
        object,      // items: what would be called, its arguments, its state, then what was put in
        persistent,  // one item: the identity of something kept outside the pickle
    };

    PickleValue() = default;
    PickleValue(Kind kind, int64_t payload)
        : bits_(static_cast<uint64_t>(payload) << 4 | static_cast<uint64_t>(kind)) {}

    Kind kind() const { return static_cast<Kind>(bits_ & 0xf); }
    bool is(Kind kind) const { return this->kind() == kind; }
    /// Of an integer: its value. Otherwise where the Pickle keeps it.
    int64_t payload() const { return static_cast<int64_t>(bits_) >> 4; }
    /// Whether an integer can be held. A larger one becomes opaque: it is no size of anything.
    static bool fits(int64_t integer) { return integer >= -(1LL << 59) && integer < 1LL << 59; }

  private:
    uint64_t bits_ = 0;
};

/// Whether it is kept where bytes and long texts are, which a reader of tensors does not need. They
/// stay in the source.
enum class PickleKeep { for_tensors, all };

/// What one pickle says. A value that the pickle mentions in several places is held once, so
/// however often a list holds itself or another, memory grows with the file alone. Objects are
/// recorded, not made: no class is looked up and no function called.
class Pickle {
  public:
    static constexpr int64_t longest_text = 4096;  // of a name; longer texts become opaque
    // Where an object's items begin.
    static constexpr size_t callable = 0, arguments = 1, state = 2, contents = 3;

    /// Reads one pickle of protocol 1 to 5, to its end. Throws Error naming the source and the byte
    /// where it is damaged, or where what it describes outgrows the source: `budget` bytes of
    /// memory at most.
    Pickle(ByteReader& reader, const std::string& source, int64_t budget,
           PickleKeep keep = PickleKeep::for_tensors);

    PickleValue root() const { return root_; }
    /// Of bytes and long texts: bytes [begin, begin + size) of the source; of anything else empty.
    struct Span {
        int64_t begin = 0, size = 0;
    };
    Span span(PickleValue value) const;
    /// Of a text or global; of anything else "".
    const std::string& text(PickleValue value) const;
    /// Of a tuple, list, dict, object or persistent; of anything else empty.
    const std::vector<PickleValue>& items(PickleValue value) const;
    /// Calls visit(value) for every value of a kind that has items, in order of appearance.
    template <class Visit>
    void each(PickleValue::Kind kind, Visit visit) const {
        for (size_t i = 0; i < containers_.size(); ++i)
            if (containers_[i].kind == kind) visit(PickleValue(kind, static_cast<int64_t>(i)));
    }
    /// A number for each value that has items, below container_count().
    size_t container(PickleValue value) const { return static_cast<size_t>(value.payload()); }
    size_t container_count() const { return containers_.size(); }

  private:
    friend class PickleMachine;

    // In deques: they grow without copying.
    std::deque<std::string> texts_;
    std::deque<Span> spans_;
    struct Container {
        PickleValue::Kind kind;
        std::vector<PickleValue> items;
    };
    std::deque<Container> containers_;
    PickleValue root_;
};

}  // namespace mdn
