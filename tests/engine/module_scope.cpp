#include "engine/module_scope.h"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "engine/random.h"

using namespace mdn;

namespace {

struct Notes final : ModuleObserver {
    std::vector<std::string> moves, outputs;
    void moved_to(const ModuleUnderWay& now) override {
        moves.push_back(std::string(now.pass == Pass::backward ? "<" : ">") + now.module);
    }
    void gave(ModuleName module, const char* part, const Tensor& y) override {
        outputs.push_back(std::string(module) + "/" + part + to_string(y.shape()));
    }
};

}  // namespace

TEST_SUITE("engine/module_scope") {
    TEST_CASE("a name is the same pointer each time, on every thread") {
        const std::string path = "backbone.layer1";
        const ModuleName name = module_name(path);
        CHECK(std::string(name) == path);
        CHECK(module_name(std::string("backbone.") + "layer1") == name);
        CHECK(module_name("backbone.layer2") != name);
        CHECK(module_name("") == module_under_way().module);
        ModuleName elsewhere = nullptr;
        std::thread([&] { elsewhere = module_name(path); }).join();
        CHECK(elsewhere == name);
    }

    TEST_CASE("scopes nest, end with what was under way before, and hold for their thread only") {
        const ModuleName a = module_name("a"), b = module_name("a.b");
        {
            const ModuleScope outer(a);
            {
                const ModuleScope inner(b, Pass::backward);
                CHECK(module_under_way().module == b);
                CHECK(module_under_way().pass == Pass::backward);
                ModuleName elsewhere = a;
                std::thread([&] { elsewhere = module_under_way().module; }).join();
                CHECK(elsewhere == module_name(""));
            }
            CHECK(module_under_way().module == a);
            CHECK(module_under_way().pass == Pass::forward);
        }
        CHECK(module_under_way().module == module_name(""));
        try {
            const ModuleScope in(a);
            throw Error("something went wrong");
        } catch (const Error&) {
        }
        CHECK(module_under_way().module == module_name(""));
    }

    TEST_CASE("the backward pass of an op counts for the module that recorded it") {
        Random random(1);
        Tensor x = random.normal_tensor({3, 4});
        x.set_requires_grad();
        Tensor y;
        {
            const ModuleScope first(module_name("first"));
            y = relu(x);
        }
        {
            const ModuleScope second(module_name("second"));
            y = second.output(sum(scale(y, 2)), "total");
        }
        Notes notes;
        {
            const ObserveModules observe(notes);
            backward(y);
        }
        // Two nodes of one module are one visit.
        CHECK(notes.moves == std::vector<std::string>{"<second", "<first", ">"});
        CHECK(notes.outputs.empty());
        CHECK(module_under_way().module == module_name(""));
    }

    TEST_CASE("outputs are shown to the observer as long as it is installed") {
        const Tensor x = Random(2).normal_tensor({2, 5});
        Notes notes;
        const auto give = [&] {
            const ModuleScope in(module_name("m"));
            CHECK(in.output(x).shares_memory_with(x));
            in.output(x, "part");
        };
        give();
        {
            const ObserveModules observe(notes);
            give();
        }
        give();
        CHECK(notes.outputs == std::vector<std::string>{"m/[2, 5]", "m/part[2, 5]"});
        CHECK(notes.moves == std::vector<std::string>{">m", ">"});
    }
}
