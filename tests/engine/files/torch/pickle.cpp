#include "engine/files/torch/pickle.h"

#include "tests/data/temporary_dataset.h"
#include "tests/engine/files/torch/archive.h"

using namespace mdn;
using namespace mdn::test;
using Kind = PickleValue::Kind;

namespace {

constexpr int64_t budget = 1 << 20;

Pickle read(const std::string& bytes, int64_t budget = ::budget) {
    const auto source =
        in_memory({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "x.pkl");
    ByteReader reader(*source, 0, source->size());
    return {reader, "x.pkl", budget};
}

std::string refusal(const std::string& bytes, int64_t budget = ::budget) {
    return error_of([&] { read(bytes, budget); });
}

std::string repeated(const std::string& text, int count) {
    std::string result;
    for (int i = 0; i < count; ++i) result += text;
    return result;
}

int64_t integer(const std::string& opcodes) {
    const PickleValue root = read(opcodes + ".").root();
    CHECK(root.is(Kind::integer));
    return root.payload();
}

}  // namespace

TEST_SUITE("engine/files/torch/pickle") {
    TEST_CASE("integers of every length and sign") {
        CHECK(integer("K\xff") == 255);
        CHECK(integer("M\xff\xff") == 65535);
        CHECK(integer("J\xff\xff\xff\xff") == -1);
        CHECK(integer(std::string("\x8a\x00", 2)) == 0);
        CHECK(integer("\x8a\x01\x80") == -128);
        CHECK(integer(std::string("\x8a\x02\x80\x00", 4)) == 128);
        CHECK(integer(std::string("\x8b\x03\x00\x00\x00\xff\xff\x7f", 8)) == 0x7fffff);
        CHECK(integer(pickled((int64_t{1} << 59) - 1)) == (int64_t{1} << 59) - 1);
        CHECK(integer(pickled(-(int64_t{1} << 59))) == -(int64_t{1} << 59));
        // As protocols 0 and 1 write them.
        CHECK(integer("I-12\n") == -12);
        CHECK(integer("I01\n") == 1);
        CHECK(integer("I00\n") == 0);
        CHECK(integer("L7L\n") == 7);
        CHECK(read("L119547037146038801333356L\n.").root().is(Kind::opaque));
        CHECK(integer("\x88") == 1);
        CHECK(integer("\x89") == 0);
        CHECK(read(pickled(int64_t{1} << 59) + ".").root().is(Kind::opaque));
        CHECK(read("\x8a\x09"s + std::string(9, '\x7f') + ".").root().is(Kind::opaque));
    }

    TEST_CASE("containers hold what was put in, in every way that picklers do it") {
        const auto sizes = [](const std::string& opcodes) {
            const Pickle pickle = read(opcodes + ".");
            return std::pair(pickle.root().kind(), pickle.items(pickle.root()).size());
        };
        CHECK(sizes(")") == std::pair(Kind::tuple, size_t{0}));
        CHECK(sizes("K\x01\x85") == std::pair(Kind::tuple, size_t{1}));
        CHECK(sizes("K\x01K\x02K\x03\x87") == std::pair(Kind::tuple, size_t{3}));
        CHECK(sizes("(K\x01K\x02K\x03K\x04t") == std::pair(Kind::tuple, size_t{4}));
        CHECK(sizes("]K\x01"
                    "a(K\x02K\x03"
                    "e") == std::pair(Kind::list, size_t{3}));
        CHECK(sizes("(K\x01K\x02l") == std::pair(Kind::list, size_t{2}));
        CHECK(sizes("}K\x01K\x02s(K\x03K\x04u") == std::pair(Kind::dict, size_t{4}));
        CHECK(sizes("(K\x01K\x02"
                    "d") == std::pair(Kind::dict, size_t{2}));
        // callable, arguments, state, and an item
        CHECK(sizes("ca\nb\n)RK\x01K\x02s") == std::pair(Kind::object, size_t{5}));
        CHECK(sizes("ca\nb\n)\x81}b") == std::pair(Kind::object, size_t{3}));
        CHECK(sizes("(ca\nb\nK\x01o") == std::pair(Kind::object, size_t{3}));
        CHECK(sizes("ca\nb\n)}\x92") == std::pair(Kind::object, size_t{3}));
        CHECK(sizes("\x8f(K\x01\x90") == std::pair(Kind::opaque, size_t{0}));
    }

    TEST_CASE("text and globals, and texts that are no names are dropped") {
        const Pickle pickle = read(
            "("s + pickled(std::string("name")) + "U\x02xy"s + std::string("\x8c\x01z") +
            "cmod\nname\n"s + "\x8c\x01m\x8c\x01n\x93"s + pickled(std::string(5000, 'x')) + "t.");
        const auto& items = pickle.items(pickle.root());
        REQUIRE(items.size() == 6);
        CHECK(pickle.text(items[0]) == "name");
        CHECK(pickle.text(items[1]) == "xy");
        CHECK(pickle.text(items[2]) == "z");
        CHECK(pickle.text(items[3]) == "mod name");
        CHECK(pickle.text(items[4]) == "m n");
        CHECK(items[4].is(Kind::global));
        CHECK(items[5].is(Kind::opaque));
    }

    TEST_CASE("what protocol 1 writes otherwise is read, and protocol 0 up to the first storage") {
        const Pickle pickle = read("(Vname\np0\nF1.5\ng0\nI3\nt.");
        const auto& items = pickle.items(pickle.root());
        REQUIRE(items.size() == 4);
        CHECK(pickle.text(items[0]) == "name");
        CHECK(items[1].is(Kind::opaque));
        CHECK(pickle.text(items[2]) == "name");
        CHECK(items[3].payload() == 3);
        CHECK(contains(refusal("(P('storage', 0)\nt."), {"x.pkl", "protocol 0", "save it again"}));
    }

    TEST_CASE("values may hold themselves and share others: nothing is expanded") {
        const Pickle self = read(std::string("]q\0h\0a.", 7));
        CHECK(self.items(self.root())[0].payload() == self.root().payload());
        // Each list holds the one before twice: 2²⁰⁰ items for who expands them.
        std::string doubling = "]q";
        doubling += '\0';
        for (int i = 0; i < 200; ++i) {
            const char index = static_cast<char>(i), next = static_cast<char>(i + 1);
            doubling += std::string("0](h") + index + "h"s + index + "eq"s + next;
        }
        CHECK(read(doubling + ".", 1 << 16).container_count() == 201);
    }

    TEST_CASE("nesting is as deep as the file is long") {
        const int depth = 1'000'000;
        const Pickle lists = read(repeated("]", depth) + repeated("a", depth - 1) + ".", 1 << 27);
        CHECK(lists.container_count() == static_cast<size_t>(depth));
        const Pickle tuples = read(")"s + repeated("\x85", depth) + ".", 1 << 28);
        CHECK(tuples.container_count() == static_cast<size_t>(depth) + 1);
    }

    TEST_CASE("what a pickle describes may not outgrow the budget, whatever it is") {
        for (const std::string& bomb :
             {std::string("]"), std::string(")"), std::string("("), std::string("N"),
              std::string("}"), std::string("K\x01"), std::string("ca\nb\n"),
              std::string("U") + '\0', std::string("2"), std::string("\x94"),
              std::string("]K\x01"
                          "a"),
              std::string("2)R")}) {
            INFO(bomb);
            const std::string message = refusal("N"s + repeated(bomb, 1'000'000) + ".");
            CHECK_MESSAGE(contains(message, {"x.pkl", "far more objects"}), message);
        }
        // A name that is short to mention and long to keep.
        const std::string name = pickled(std::string(4000, 'x'));
        const std::string names =
            name + "q"s + '\0' + repeated(std::string("h") + '\0' + "h"s + '\0' + "\x93", 1000);
        CHECK(contains(refusal(names + "."), {"far more objects"}));
    }

    TEST_CASE("every way to end early or to take what is not there is refused") {
        const std::string whole = "\x80\x02}q"s + std::string(1, '\0') + "("s +
                                  pickled(std::string("key")) +
                                  "]q\x01(K\x01M\x02\x03J\x04\x05\x06\x07G12345678e"s +
                                  pickled(std::string("other")) + "ca\nb\n)R}bu.";
        read(whole);
        for (size_t size = 0; size < whole.size(); ++size)
            CHECK(contains(refusal(whole.substr(0, size)), {"x.pkl"}));
        for (const char* broken : {".",
                                   "0",
                                   "1.",
                                   "2.",
                                   "a.",
                                   "s.",
                                   "e.",
                                   "u.",
                                   "t.",
                                   "l.",
                                   "d.",
                                   "o.",
                                   "R.",
                                   "b.",
                                   "Q.",
                                   "\x81.",
                                   "\x85.",
                                   "\x86.",
                                   "\x87.",
                                   "\x90.",
                                   "\x91.",
                                   "\x92.",
                                   "\x93.",
                                   "\x94.",
                                   "q\x01.",
                                   "h\x05.",
                                   "K\x01"
                                   "a.",
                                   "NK\x01K\x02",
                                   "(K\x01"
                                   "d.",
                                   "}(K\x01u.",
                                   "K\x01K\x02"
                                   "a.",
                                   "]K\x01K\x02s.",
                                   "(o.",
                                   "K\x01K\x02\x93.",
                                   "N(.",
                                   "(K\x01R.",
                                   "K\x01q\x05.",
                                   "\x80\x01N.",
                                   "\x80\x06N.",
                                   "I\n.",
                                   "Ix\n.",
                                   "I1",
                                   "L1x\n.",
                                   "V",
                                   "Np\n.",
                                   "Np-1\n.",
                                   "Np5\n.",
                                   "Ng0\n.",
                                   "Pname\n.",
                                   "\x82\x01.",
                                   "\xff."}) {
            INFO(broken);
            CHECK(contains(refusal(broken), {"x.pkl"}));
        }
    }

    TEST_CASE("announced lengths are compared with what remains before memory is taken") {
        for (const std::string lie :
             {"X\xff\xff\xff\xff", "B\xff\xff\xff\x7f", "T\xff\xff\xff\xff", "\x8b\xff\xff\xff\xff",
              "\x8d\xff\xff\xff\xff\xff\xff\xff\xff", "\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",
              "\x96\xff\xff\xff\xff\xff\xff\xff\xff", "U\x09", "C\x09"})
            CHECK(contains(refusal(lie + "abc"), {"3 remain"}));
        CHECK(contains(refusal("r\xff\xff\xff\xff"), {"out of order"}));
        CHECK(contains(refusal("Nr\xff\xff\xff\xff."), {"out of order"}));
        CHECK(contains(refusal("Nj\xff\xff\xff\xff."), {"memo entry that it has not written"}));
    }
}
