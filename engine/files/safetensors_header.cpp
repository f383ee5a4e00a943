#include "engine/files/safetensors_header.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

namespace mdn {

namespace {

using Json = nlohmann::json;

constexpr size_t highest_rank = 64;
constexpr size_t longest_dtype = 32;
constexpr size_t most_entries = 100'000;
constexpr size_t most_metadata = 10'000;  // a program says something of its file, not everything

/// What the parser meets, one thing at a time.
class HeaderReader final : public nlohmann::json_sax<Json> {
  public:
    explicit HeaderReader(const std::string& source) : source_(source) {}

    SafetensorsHeader take() {
        if (!is_object_) fail("its header is not a JSON object");
        return std::move(header_);
    }
    size_t error_byte() const { return error_byte_; }

    bool null() override { return scalar("null"); }
    bool boolean(bool value) override { return scalar(value ? "true" : "false"); }
    bool number_integer(number_integer_t value) override { return scalar(std::to_string(value)); }
    bool number_unsigned(number_unsigned_t value) override {
        if (place_ == Place::shape || place_ == Place::offsets) return size(value);
        return scalar(std::to_string(value));
    }
    bool number_float(number_float_t, const string_t& text) override { return scalar(text); }
    bool binary(binary_t&) override { return scalar("bytes"); }

    bool string(string_t& value) override {
        if (place_ == Place::metadata) {
            if (header_.metadata.size() == most_metadata)
                fail("__metadata__ has more than " + std::to_string(most_metadata) + " keys");
            if (!header_.metadata.emplace(key_, std::move(value)).second) fail_twice(key_);
            return true;
        }
        if (place_ == Place::entry && key_ == "dtype") {
            if (value.empty() || value.size() > longest_dtype) fail_type("\"" + value + "\"");
            for (const StoredType& type : stored_types)
                if (value == type.name) entry().type = &type;
            entry().dtype = std::move(value);
            return true;
        }
        return scalar("\"" + value + "\"");
    }

    bool key(string_t& name) override {
        if (place_ == Place::skipped) return true;
        key_ = std::move(name);
        if (place_ == Place::entry)
            for (size_t i = 0; i < std::size(fields); ++i)
                if (key_ == fields[i] && std::exchange(seen_[i], true)) fail_twice(key_);
        return true;
    }

    bool start_object(size_t) override {
        if (place_ == Place::top) {
            is_object_ = true;
            place_ = Place::names;
        } else if (place_ == Place::names && key_ == metadata_key) {
            if (std::exchange(has_metadata_, true)) fail_twice(key_);
            place_ = Place::metadata;
        } else if (place_ == Place::names) {
            if (header_.entries.size() == most_entries)
                fail("it has more than " + std::to_string(most_entries) + " tensors");
            header_.entries.emplace_back().name = key_;
            std::fill(std::begin(seen_), std::end(seen_), false);
            place_ = Place::entry;
        } else {
            scalar("an object");
            skip();
        }
        return true;
    }
    bool end_object() override {
        if (place_ == Place::skipped)
            unskip();
        else if (place_ == Place::metadata)
            place_ = Place::names;
        else if (place_ == Place::entry)
            finish_entry();
        return true;
    }

    bool start_array(size_t) override {
        if (place_ == Place::entry && key_ == "shape") {
            place_ = Place::shape;
        } else if (place_ == Place::entry && key_ == "data_offsets") {
            place_ = Place::offsets;
            offsets_.clear();
        } else {
            scalar("a list");
            skip();
        }
        return true;
    }
    bool end_array() override {
        if (place_ == Place::skipped) {
            unskip();
            return true;
        }
        if (place_ == Place::offsets) {
            if (offsets_.size() != 2) fail_entry("data_offsets is not a list of 2 numbers");
            entry().begin = offsets_[0];
            entry().end = offsets_[1];
        }
        place_ = Place::entry;
        return true;
    }

    bool parse_error(size_t byte, const std::string&, const Json::exception&) override {
        error_byte_ = byte;
        return false;
    }

  private:
    enum class Place { top, names, metadata, entry, shape, offsets, skipped };
    static constexpr const char* fields[] = {"dtype", "shape", "data_offsets"};

    [[noreturn]] void fail(const std::string& what) const { fail_safetensors(source_, what); }
    [[noreturn]] void fail_entry(const std::string& what) const {
        fail("tensor '" + header_.entries.back().name + "': " + what);
    }
    [[noreturn]] void fail_twice(const std::string& key) const {
        fail("its header has the key '" + key + "' twice");
    }
    [[noreturn]] void fail_type(const std::string& value) const {
        fail_entry("dtype " + value + " is not the name of a type, as F32 is");
    }
    SafetensorsEntry& entry() { return header_.entries.back(); }

    /// Something that is welcome only where it means nothing: `value` says what it is.
    bool scalar(const std::string& value) {
        switch (place_) {
            case Place::top:
            case Place::skipped:
                break;
            case Place::names:
                if (key_ == metadata_key) fail("__metadata__ is not an object");
                fail("tensor '" + key_ + "': its entry is not an object");
            case Place::metadata:
                fail("__metadata__ '" + key_ + "' is not a string");
            case Place::entry:
                if (key_ == "dtype") fail_type(value);
                if (key_ == "shape") fail_entry("its shape is not a list");
                if (key_ == "data_offsets") fail_entry("data_offsets is not a list of 2 numbers");
                break;
            case Place::shape:
                fail_size("its shape", value);
            case Place::offsets:
                fail_size("data_offsets", value);
        }
        return true;
    }
    [[noreturn]] void fail_size(const std::string& what, const std::string& value) const {
        fail_entry(what + " holds " + value + ", which is not a size that fits 63 bits");
    }

    bool size(number_unsigned_t value) {
        const bool in_shape = place_ == Place::shape;
        if (value > number_unsigned_t{std::numeric_limits<int64_t>::max()})
            fail_size(in_shape ? "its shape" : "data_offsets", std::to_string(value));
        Shape& list = in_shape ? entry().shape : offsets_;
        if (list.size() == (in_shape ? highest_rank : 3))  // a third offset is refused at the end
            fail_entry(in_shape
                           ? "its shape has more than " + std::to_string(highest_rank) + " axes"
                           : "data_offsets is not a list of 2 numbers");
        list.push_back(static_cast<int64_t>(value));
        return true;
    }

    void finish_entry() {
        for (size_t i = 0; i < std::size(fields); ++i)
            if (!seen_[i]) fail_entry("no '" + std::string(fields[i]) + "'");
        const int64_t element = entry().type ? entry().type->bits : 1;
        int64_t bits = element;
        for (const int64_t axis : entry().shape)
            if (__builtin_mul_overflow(bits, axis, &bits))
                fail_entry("the size of shape " + to_string(entry().shape) + " overflows 64 bits");
        if (entry().end < entry().begin) fail_entry("its data ends before it begins");
        const int64_t bytes = entry().end - entry().begin;
        if (entry().type && (bits % 8 != 0 || bytes != bits / 8))
            fail_entry(to_string(entry().shape) + " " + entry().dtype + " needs " +
                       (bits % 8 == 0 ? std::to_string(bits / 8) + " bytes"
                                      : std::to_string(bits) + " bits, no whole bytes") +
                       ", data_offsets span " + std::to_string(bytes));
        place_ = Place::names;
    }

    /// Until the list or object that begins here has ended.
    void skip() {
        if (place_ != Place::skipped) before_skip_ = std::exchange(place_, Place::skipped);
        ++depth_;
    }
    void unskip() {
        if (--depth_ == 0) place_ = before_skip_;
    }

    const std::string& source_;
    SafetensorsHeader header_;
    Place place_ = Place::top, before_skip_ = Place::top;
    size_t depth_ = 0;  // of what is skipped
    std::string key_;
    bool seen_[3] = {};  // of fields, in this entry
    bool is_object_ = false, has_metadata_ = false;
    Shape offsets_;
    size_t error_byte_ = 0;
};

}  // namespace

SafetensorsHeader parse_safetensors_header(const std::string& text, const std::string& source) {
    HeaderReader reader(source);
    if (!Json::sax_parse(text, &reader))
        fail_safetensors(
            source, "its header is not JSON (byte " + std::to_string(reader.error_byte()) + ")");
    SafetensorsHeader header = reader.take();
    std::vector<const std::string*> names;
    for (const SafetensorsEntry& entry : header.entries) names.push_back(&entry.name);
    std::sort(names.begin(), names.end(), [](auto* a, auto* b) { return *a < *b; });
    const auto twice =
        std::adjacent_find(names.begin(), names.end(), [](auto* a, auto* b) { return *a == *b; });
    if (twice != names.end())
        fail_safetensors(source, "its header has the key '" + **twice + "' twice");
    return header;
}

void fail_safetensors(const std::string& source, const std::string& what) {
    throw Error(source + ": not a valid safetensors file: " + what);
}

}  // namespace mdn
