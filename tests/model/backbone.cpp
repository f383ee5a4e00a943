#include "model/backbone.h"

#include <doctest/doctest.h>
#include <cmath>

#include "tests/engine/gradient_check.h"

using namespace mdn;

TEST_SUITE("model/backbone") {
    TEST_CASE("ResNet-101 shifts every other block, shallower networks every one") {
        Config::Backbone deep;
        deep.depths = {3, 4, 23, 3};
        const auto blocks = plan_blocks(deep);
        REQUIRE(blocks.size() == 33);
        const std::vector<bool> first_stages = {true, false, true, true, false, true, false};
        for (size_t i = 0; i < first_stages.size(); ++i)
            CHECK(blocks[i].shifted == first_stages[i]);
        CHECK(blocks[7].name == "layer3.0");
        CHECK(blocks[7 + 22].shifted);
        CHECK_FALSE(blocks[7 + 21].shifted);
        CHECK(blocks[30].shifted);
        CHECK_FALSE(blocks[31].shifted);

        deep.depths = {3, 4, 22, 3};
        for (const BlockPlan& block : plan_blocks(deep)) CHECK(block.shifted);
    }

    TEST_CASE("a downsample exists exactly where stride or channels change") {
        const auto downsampled = [](const Config::Backbone& config) {
            std::string names;
            for (const BlockPlan& block : plan_blocks(config))
                if (block.downsample) names += block.name + " ";
            return names;
        };
        CHECK(downsampled({Block::bottleneck, {2, 2, 2, 2}, 8, {1, 2, 2, 2}}) ==
              "layer1.0 layer2.0 layer3.0 layer4.0 ");
        CHECK(downsampled({Block::basic, {2, 1, 1, 1}, 8, {1, 1, 2, 1}}) ==
              "layer2.0 layer3.0 layer4.0 ");
        CHECK(downsampled({Block::basic, {1, 1, 1, 1}, 8, {2, 1, 2, 1}}) ==
              "layer1.0 layer2.0 layer3.0 layer4.0 ");
        const auto blocks = plan_blocks({Block::bottleneck, {2, 1, 1, 1}, 8, {1, 2, 3, 2}});
        CHECK(blocks[0].in == 8);
        CHECK(blocks[0].out == 32);
        CHECK(blocks[1].in == 32);
        CHECK(blocks[2].width == 16);
        CHECK(blocks[2].stride == 2);
        CHECK(blocks[3].stride == 3);
        CHECK(blocks[4].out == 256);
    }

    TEST_CASE("a block equals its unfused spelling, the identity branch unshifted") {
        // Evaluation mode with random running statistics; stride 1 and a plain identity, so that
        // x itself must come through.
        for (const bool bottleneck : {false, true}) {
            ParameterStore store(DType::f64);
            Random random(5);
            BlockPlan plan{.name = "b",
                           .in = bottleneck ? 64 : 16,
                           .width = 16,
                           .out = bottleneck ? 64 : 16,
                           .stride = 1,
                           .bottleneck = bottleneck,
                           .shifted = true,
                           .downsample = false};
            const int64_t frames = 3;
            ResidualBlock block(Scope(store, random), plan, frames);
            for (const Parameter& parameter : store.all())
                if (parameter.role == Role::norm || parameter.role == Role::buffer)
                    parameter.value.copy_from(
                        random.uniform_tensor(parameter.value.shape(), 0.5, 1.5, DType::f64));
            const Tensor x = random.normal_tensor({2 * frames, 4, 5, plan.in}, 1, DType::f64);

            const ForwardOptions evaluation;
            Tensor y = temporal_shift(x, frames);
            y = conv2d(y, block.conv1.weight, {.pad = bottleneck ? 0 : 1});
            y = relu(normalize(block.bn1.forward(y, evaluation)));
            y = normalize(block.bn2.forward(conv2d(y, block.conv2.weight, {.pad = 1}), evaluation));
            if (bottleneck)
                y = normalize(block.bn3->forward(conv2d(relu(y), block.conv3->weight), evaluation));
            CHECK(test::relative_error(block.forward(x, evaluation), relu(add(y, x))) < 1e-12);
        }
    }
}
