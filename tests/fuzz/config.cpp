// Config files.
#include "model/config.h"

#include "tests/fuzz/fuzz.h"

using namespace mdn;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto path = fuzz::write("config.json", data, size);
    fuzz::check(size, [&] {
        const Config config = load_config(path.string());
        const std::string text = to_json(config);
        fuzz::require(to_json(parse_config(text, "its own text")) == text,
                      "a config does not come back from its own text");
    });
    return 0;
}
