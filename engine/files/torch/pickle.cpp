#include "engine/files/torch/pickle.h"

#include <charconv>
#include <utility>

#include "engine/error.h"
#include "engine/files/torch/pickle_opcodes.h"

namespace mdn {

namespace {

using Kind = PickleValue::Kind;

const PickleValue opaque;

}  // namespace

class PickleMachine {
  public:
    PickleMachine(Pickle& pickle, ByteReader& reader, const std::string& source, int64_t budget,
                  PickleKeep keep)
        : pickle_(pickle),
          reader_(reader),
          source_(source),
          budget_(budget),
          keeps_all_(keep == PickleKeep::all) {}

    void run() {
        for (;;) {
            opcode_at_ = reader_.position();
            const uint8_t opcode = reader_.byte();
            if (opcode == STOP) break;
            execute(opcode);
        }
        pickle_.root_ = pop();
    }

  private:
    using Values = std::vector<PickleValue>;

    [[noreturn]] void fail(const std::string& what) const {
        throw Error(source_ + ": damaged, or not a pickle (byte " + std::to_string(opcode_at_) +
                    "): " + what);
    }

    /// Every byte that is kept passes here first.
    void charge(int64_t bytes) {
        budget_ -= bytes;
        if (budget_ < 0)
            throw Error(source_ + ": its pickle describes far more objects than a checkpoint of " +
                        "this size has (byte " + std::to_string(opcode_at_) + ")");
    }

    // ---- The stack. Values above the last mark belong to the operation that will take the mark.
    void push(PickleValue value) {
        if (stack_.size() == stack_.capacity())
            charge(static_cast<int64_t>(sizeof(PickleValue) * (stack_.capacity() + 1)));
        stack_.push_back(value);
    }
    size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
    PickleValue pop() {
        const PickleValue value = top();
        stack_.pop_back();
        return value;
    }
    PickleValue top() const {
        if (stack_.size() <= floor()) fail("it takes a value that is not there");
        return stack_.back();
    }
    void mark() {
        if (marks_.size() == marks_.capacity())
            charge(static_cast<int64_t>(sizeof(size_t) * (marks_.capacity() + 1)));
        marks_.push_back(stack_.size());
    }
    /// The number of values above the last mark, which is taken away.
    size_t above_mark() {
        if (marks_.empty()) fail("it takes a mark that is not there");
        const size_t count = stack_.size() - marks_.back();
        marks_.pop_back();
        return count;
    }

    void drop(size_t count) {
        stack_.erase(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    }

    // ---- What is kept.
    PickleValue text(Kind kind, std::string text) {
        charge(static_cast<int64_t>(sizeof(std::string) + text.size()));
        pickle_.texts_.push_back(std::move(text));
        return {kind, static_cast<int64_t>(pickle_.texts_.size()) - 1};
    }
    PickleValue container(Kind kind, Values items = {}) {
        charge(static_cast<int64_t>(sizeof(Pickle::Container) +
                                    items.capacity() * sizeof(PickleValue)));
        pickle_.containers_.push_back({kind, std::move(items)});
        return {kind, static_cast<int64_t>(pickle_.containers_.size()) - 1};
    }
    /// The top `count` values, oldest first, taken off the stack.
    Values take(size_t count) {
        if (count > stack_.size() - floor()) fail("it takes more values than there are");
        charge(static_cast<int64_t>(count * sizeof(PickleValue)));
        Values values(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
        drop(count);
        return values;
    }
    /// Puts the values above the last mark, or one key and value or one item, into the value below.
    void insert(size_t count, bool pairs) {
        if (pairs && count % 2 != 0) fail("a key without a value");
        if (count >= stack_.size() - floor()) fail("it fills a container that is not there");
        const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
        const PickleValue target = *(first - 1);
        const bool fits = target.is(Kind::object) || target.is(pairs ? Kind::dict : Kind::list);
        if (fits) {
            Values& items = pickle_.containers_[pickle_.container(target)].items;
            for (auto value = first; value != stack_.end(); ++value) {
                if (items.size() == items.capacity())
                    charge(static_cast<int64_t>(sizeof(PickleValue) * (items.capacity() + 1)));
                items.push_back(*value);
            }
        } else if (!target.is(Kind::opaque)) {
            fail("it fills something that is not a container");
        }
        drop(count);
    }
    void build_object(PickleValue callable, PickleValue arguments) {
        push(container(Kind::object, {callable, arguments, opaque}));
    }

    // ---- The memo: values that are used again. Picklers number them one by one.
    void remember(uint64_t index) {
        if (index > memo_.size() + 1) fail("its memo is numbered out of order");
        const PickleValue value = top();
        while (memo_.size() <= index) {
            if (memo_.size() == memo_.capacity())
                charge(static_cast<int64_t>(sizeof(PickleValue) * (memo_.capacity() + 1)));
            memo_.push_back(opaque);
        }
        memo_[index] = value;
    }
    void recall(uint64_t index) {
        if (index >= memo_.size()) fail("it reads a memo entry that it has not written");
        push(memo_[index]);
    }

    // ---- Literals.
    int64_t length(uint64_t count) {
        if (count > static_cast<uint64_t>(reader_.remaining()))
            fail("a text of " + std::to_string(count) + " bytes, where " +
                 std::to_string(reader_.remaining()) + " remain");
        return static_cast<int64_t>(count);
    }
    void push_text(uint64_t count) {
        const int64_t bytes = length(count);
        if (bytes <= Pickle::longest_text)
            push(text(Kind::text, reader_.text(bytes)));
        else
            pass_over(Kind::long_text, count);
    }
    /// Bytes or a long text, which stay where they are.
    void pass_over(Kind kind, uint64_t count) {
        if (!keeps_all_) return skip(count);
        const Pickle::Span span{reader_.position(), length(count)};
        reader_.skip(span.size);
        charge(sizeof span);
        pickle_.spans_.push_back(span);
        push({kind, static_cast<int64_t>(pickle_.spans_.size()) - 1});
    }
    void skip(uint64_t count) {
        reader_.skip(length(count));
        push(opaque);
    }
    void push_integer(int64_t value) {
        push(PickleValue::fits(value) ? PickleValue(Kind::integer, value) : opaque);
    }
    /// Two's complement, least significant byte first.
    void push_long(uint64_t count) {
        if (length(count) > 8) return skip(count);
        uint64_t bits = 0;
        for (uint64_t i = 0; i < count; ++i) bits |= uint64_t{reader_.byte()} << (8 * i);
        const int unused = static_cast<int>(64 - 8 * count);
        push_integer(count == 0 ? 0 : static_cast<int64_t>(bits << unused) >> unused);
    }
    std::string line() {
        std::string text;
        for (;;) {
            const char character = static_cast<char>(reader_.byte());
            if (character == '\n') return text;
            if (static_cast<int64_t>(text.size()) == Pickle::longest_text) fail("an endless name");
            text.push_back(character);
        }
    }
    /// A decimal number, or protocol 1's 00 and 01 for False and True. One that fits no integer is
    /// opaque, as a long one is.
    void push_decimal(std::string text) {
        if (text.ends_with('L')) text.pop_back();
        int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (text.empty() || end != text.data() + text.size()) fail("'" + text + "' is no number");
        if (error != std::errc()) return push(opaque);
        push_integer(value);
    }
    /// A number that the memo knows a value by.
    uint64_t memo_index() {
        const std::string text = line();
        uint64_t index = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
        if (text.empty() || end != text.data() + text.size() || error != std::errc())
            fail("'" + text + "' is no place of a value");
        return index;
    }
    std::string module_and_name(PickleValue module, PickleValue name) const {
        if (!module.is(Kind::text) || !name.is(Kind::text)) fail("a class without a name");
        return pickle_.text(module) + " " + pickle_.text(name);
    }

    void execute(uint8_t opcode) {
        switch (opcode) {
            case PROTO:
                if (const int version = reader_.byte(); version < 2 || version > 5)
                    fail("protocol " + std::to_string(version) + " instead of 2 to 5");
                return;
            case FRAME:
                return reader_.skip(8);
            case MARK:
                return mark();
            case POP:
                // Python's own pickler pops a mark so, too.
                if (stack_.size() > floor() || marks_.empty())
                    pop();
                else
                    marks_.pop_back();
                return;
            case POP_MARK:
                return drop(above_mark());
            case DUP:
                return push(top());

            case NONE:
                return push(opaque);
            case NEWTRUE:
                return push_integer(1);
            case NEWFALSE:
                return push_integer(0);
            case BININT:
                return push_integer(reader_.number<int32_t>());
            case BININT1:
                return push_integer(reader_.byte());
            case BININT2:
                return push_integer(reader_.number<uint16_t>());
            case LONG1:
                return push_long(reader_.byte());
            case LONG4:
                return push_long(reader_.number<uint32_t>());
            case BINFLOAT:
                return skip(8);
            case INT:
            case LONG:
                return push_decimal(line());
            case FLOAT:
                line();
                return push(opaque);
            case UNICODE:
            case STRING:
                return push(text(Kind::text, line()));
            case BINUNICODE:
            case BINSTRING:
                return push_text(reader_.number<uint32_t>());
            case SHORT_BINUNICODE:
            case SHORT_BINSTRING:
                return push_text(reader_.byte());
            case BINUNICODE8:
                return push_text(reader_.number<uint64_t>());
            case SHORT_BINBYTES:
                return pass_over(Kind::bytes, reader_.byte());
            case BINBYTES:
                return pass_over(Kind::bytes, reader_.number<uint32_t>());
            case BINBYTES8:
            case BYTEARRAY8:
                return pass_over(Kind::bytes, reader_.number<uint64_t>());

            case EMPTY_TUPLE:
                return push(container(Kind::tuple));
            case TUPLE1:
                return push(container(Kind::tuple, take(1)));
            case TUPLE2:
                return push(container(Kind::tuple, take(2)));
            case TUPLE3:
                return push(container(Kind::tuple, take(3)));
            case TUPLE:
                return push(container(Kind::tuple, take(above_mark())));
            case EMPTY_LIST:
                return push(container(Kind::list));
            case LIST:
                return push(container(Kind::list, take(above_mark())));
            case APPEND:
                return insert(1, false);
            case APPENDS:
                return insert(above_mark(), false);
            case EMPTY_DICT:
                return push(container(Kind::dict));
            case DICT: {
                const size_t count = above_mark();
                if (count % 2 != 0) fail("a key without a value");
                return push(container(Kind::dict, take(count)));
            }
            case SETITEM:
                return insert(2, true);
            case SETITEMS:
                return insert(above_mark(), true);
            case EMPTY_SET:
                return push(opaque);
            case ADDITEMS:
                return insert(above_mark(), false);
            case FROZENSET:
                drop(above_mark());
                return push(opaque);

            case BINPUT:
                return remember(reader_.byte());
            case LONG_BINPUT:
                return remember(reader_.number<uint32_t>());
            case MEMOIZE:
                return remember(memo_.size());
            case PUT:
                return remember(memo_index());
            case GET:
                return recall(memo_index());
            case BINGET:
                return recall(reader_.byte());
            case LONG_BINGET:
                return recall(reader_.number<uint32_t>());

            case GLOBAL: {
                std::string module = line();
                return push(text(Kind::global, module.append(" ").append(line())));
            }
            case STACK_GLOBAL: {
                const PickleValue name = pop(), module = pop();
                return push(text(Kind::global, module_and_name(module, name)));
            }
            case REDUCE:
            case NEWOBJ: {
                const PickleValue arguments = pop(), callable = pop();
                return build_object(callable, arguments);
            }
            case NEWOBJ_EX: {
                pop();  // keyword arguments
                const PickleValue arguments = pop(), callable = pop();
                return build_object(callable, arguments);
            }
            case OBJ: {
                const Values parts = take(above_mark());
                if (parts.empty()) fail("an object without a class");
                const Values arguments(parts.begin() + 1, parts.end());
                return build_object(parts[0], container(Kind::tuple, arguments));
            }
            case BUILD: {
                const PickleValue state = pop(), target = top();
                if (target.is(Kind::object))
                    pickle_.containers_[pickle_.container(target)].items[Pickle::state] = state;
                return;
            }
            case PERSID:
                throw Error(source_ +
                                " was written with pickle protocol 0, which cannot say where "
                                "tensors lie: PyTorch cannot load it either",
                            "save it again without pickle_protocol=0");
            case BINPERSID:
                return push(container(Kind::persistent, take(1)));
        }
        fail("opcode " + std::to_string(opcode) + " is not one that PyTorch writes");
    }

    Pickle& pickle_;
    ByteReader& reader_;
    const std::string& source_;
    int64_t budget_;
    bool keeps_all_;
    int64_t opcode_at_ = 0;
    Values stack_, memo_;
    std::vector<size_t> marks_;
};

Pickle::Pickle(ByteReader& reader, const std::string& source, int64_t budget, PickleKeep keep) {
    PickleMachine(*this, reader, source, budget, keep).run();
}

Pickle::Span Pickle::span(PickleValue value) const {
    const bool has_span = value.is(Kind::bytes) || value.is(Kind::long_text);
    return has_span ? spans_[static_cast<size_t>(value.payload())] : Span{};
}

const std::string& Pickle::text(PickleValue value) const {
    static const std::string none;
    const bool has_text = value.is(Kind::text) || value.is(Kind::global);
    return has_text ? texts_[static_cast<size_t>(value.payload())] : none;
}

const std::vector<PickleValue>& Pickle::items(PickleValue value) const {
    static const std::vector<PickleValue> none;
    const bool has_items = value.kind() >= Kind::tuple;
    return has_items ? containers_[container(value)].items : none;
}

}  // namespace mdn
