#include "model/checkpoint_fit.h"

#include "model/backbone.h"
#include "tests/data/temporary_dataset.h"

using namespace mdn;
using test::contains;
using test::error_of;

namespace {

using Plan = Config::Backbone;

/// The convolutions of a ResNet under MIT's names, shifted as `shift_every` says (0: nowhere).
struct Checkpoint {
    std::vector<std::string> names;
    std::vector<Shape> shapes;

    Checkpoint(const Plan& config, int shift_every) {
        add("conv1.weight", {config.width, 3, 7, 7});
        for (const BlockPlan& block : plan_blocks(config)) {
            const int number = std::stoi(block.name.substr(block.name.find('.') + 1));
            const bool shifted = shift_every && number % shift_every == 0;
            add(block.name + (shifted ? ".conv1.net.weight" : ".conv1.weight"),
                {block.width, block.in, 1, 1});
            if (block.bottleneck) add(block.name + ".conv3.weight", {block.out, block.width, 1, 1});
        }
    }
    void add(const std::string& name, Shape shape) {
        names.push_back("base_model." + name);
        shapes.push_back(std::move(shape));
    }
    void check(const Plan& config) const {
        check_backbone_fits(map_checkpoint_names(names), shapes, config, "C.pth");
    }
    std::string refusal(const Plan& config) const {
        return error_of([&] { check(config); });
    }
};

const Plan resnet50{Block::bottleneck, {3, 4, 6, 3}, 64, {1, 2, 2, 2}};
const Plan resnet101{Block::bottleneck, {3, 4, 23, 3}, 64, {1, 2, 2, 2}};
const Plan resnet34{Block::basic, {3, 4, 6, 3}, 64, {1, 2, 2, 2}};

}  // namespace

TEST_SUITE("model/checkpoint_fit") {
    TEST_CASE("the same network fits, with the shifts of its depth or none at all") {
        Checkpoint(resnet50, 1).check(resnet50);
        Checkpoint(resnet101, 2).check(resnet101);
        Checkpoint(resnet101, 0).check(resnet101);
        Checkpoint(resnet34, 0).check(resnet34);
    }

    TEST_CASE("another depth, block or width is named with both networks") {
        for (const auto& [checkpoint, config, theirs, ours] :
             {std::tuple(resnet50, resnet101, "C.pth is ResNet-50", "is ResNet-101 (bottleneck"),
              {resnet101, resnet50, "ResNet-101",
               "ResNet-50 (bottleneck blocks, depths [3, 4, 6, 3]"},
              {resnet34, resnet50, "ResNet-34 (basic", "ResNet-50"},
              {Plan{Block::bottleneck, {3, 4, 6, 3}, 32, {}}, resnet50, "width 32", "width 64"}}) {
            const std::string refusal = Checkpoint(checkpoint, 0).refusal(config);
            CHECK_MESSAGE(contains(refusal, {theirs, ours}), refusal);
        }
    }

    TEST_CASE("another shift spacing is refused, naming the blocks") {
        const std::string dense = Checkpoint(resnet101, 1).refusal(resnet101);
        CHECK_MESSAGE(
            contains(dense, {"C.pth", "layer1.1, layer2.1, layer2.3 and 12 others are",
                             "shifted there and not in this model", "every second block (n = 2)"}),
            dense);
        const std::string sparse = Checkpoint(resnet50, 2).refusal(resnet50);
        CHECK_MESSAGE(
            contains(sparse, {"layer1.1, layer2.1, layer2.3 and 4 others are",
                              "shifted in this model and not there", "every block (n = 1)"}),
            sparse);
    }

    TEST_CASE("of our own names a part is enough, but none beyond the config's") {
        const auto check = [](const std::string& name) {
            check_backbone_fits(map_checkpoint_names({name, "router.fc1_weight"}),
                                {Shape{1}, Shape{1}}, resnet50, "own.pth");
        };
        check("backbone.layer3.5.bn1.weight");
        check("classifier.fc1.weight");
        const std::string refusal = error_of([&] { check("backbone.layer3.6.bn1.weight"); });
        CHECK_MESSAGE(contains(refusal, {"own.pth has a block layer3.6", "ResNet-50"}), refusal);
    }
}
