#include "engine/files/shard_index.h"

#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "engine/files/byte_source.h"

namespace mdn {

namespace {

using Json = nlohmann::json;

constexpr int64_t largest_index = 64 << 20;
constexpr const char* weight_map = "weight_map";

/// Whether a file so named lies in the index's folder or below it.
bool stays_inside(const std::string& name) {
    if (name.empty() || name.front() == '/' || name.find('\0') != std::string::npos) return false;
    for (size_t begin = 0; begin <= name.size();) {
        const size_t end = std::min(name.find('/', begin), name.size());
        if (name.compare(begin, end - begin, "..") == 0) return false;
        begin = end + 1;
    }
    return true;
}

/// Takes the weight_map and passes over the rest, without a tree of the JSON.
class IndexReader final : public nlohmann::json_sax<Json> {
  public:
    explicit IndexReader(const std::string& source) : source_(source) {}

    ShardIndex take() {
        if (!has_map_) fail("it has no \"weight_map\", the list of tensors and their files");
        if (index_.files.empty()) fail("its weight_map is empty");
        return std::move(index_);
    }
    size_t error_byte() const { return error_byte_; }

    bool null() override { return other(); }
    bool boolean(bool) override { return other(); }
    bool number_integer(number_integer_t) override { return other(); }
    bool number_unsigned(number_unsigned_t) override { return other(); }
    bool number_float(number_float_t, const string_t&) override { return other(); }
    bool binary(binary_t&) override { return other(); }

    bool string(string_t& value) override {
        if (!in_map()) return true;
        if (!stays_inside(value))
            fail("tensor '" + key_ + "' is said to lie in '" + value +
                 "', which is no file of the index's folder");
        const auto [known, added] = places_.emplace(std::move(value), index_.files.size());
        if (added) index_.files.push_back(known->first);
        if (!index_.file_of.emplace(key_, known->second).second)
            fail("its weight_map names tensor '" + key_ + "' twice");
        return true;
    }
    bool key(string_t& name) override {
        if (depth_ == 1 || in_map()) key_ = std::move(name);
        return true;
    }
    bool start_object(size_t) override {
        if (in_map()) return other();
        if (depth_ == 1 && key_ == weight_map) {
            if (std::exchange(has_map_, true)) fail("it has two weight_maps");
            map_depth_ = 2;
        }
        ++depth_;
        return true;
    }
    bool end_object() override {
        if (in_map()) map_depth_ = 0;
        --depth_;
        return true;
    }
    bool start_array(size_t) override {
        if (in_map()) return other();
        ++depth_;
        return true;
    }
    bool end_array() override {
        --depth_;
        return true;
    }
    bool parse_error(size_t byte, const std::string&, const Json::exception&) override {
        error_byte_ = byte;
        return false;
    }

  private:
    [[noreturn]] void fail(const std::string& what) const {
        throw Error(source_ + ": not an index of shards: " + what);
    }
    bool in_map() const { return map_depth_ > 0 && depth_ == map_depth_; }
    bool other() const {
        if (in_map()) fail("weight_map '" + key_ + "' is not the name of a file");
        return true;
    }

    const std::string& source_;
    ShardIndex index_;
    std::unordered_map<std::string, size_t> places_;
    std::string key_;
    size_t depth_ = 0, map_depth_ = 0;
    bool has_map_ = false;
    size_t error_byte_ = 0;
};

}  // namespace

ShardIndex parse_shard_index(const std::string& text, const std::string& source) {
    IndexReader reader(source);
    if (!Json::sax_parse(text, &reader))
        throw Error(source + ": not JSON (byte " + std::to_string(reader.error_byte()) + ")");
    return reader.take();
}

ShardIndex read_shard_index(const std::string& path) {
    const auto source = open_file(path);
    if (source->size() > largest_index)
        throw Error(path + ": an index of shards has " + std::to_string(source->size()) +
                    " bytes, more than the allowed " + std::to_string(largest_index));
    std::string text(static_cast<size_t>(source->size()), '\0');
    source->read(0, text.data(), source->size());
    return parse_shard_index(text, path);
}

}  // namespace mdn
