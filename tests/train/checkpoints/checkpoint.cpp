#include "train/checkpoints/checkpoint.h"

#include "engine/random.h"
#include "model/micro_dualnet.h"
#include "tests/engine/same_bits.h"
#include "tests/train/program.h"
#include "train/checkpoints/checkpoint_file.h"

using namespace mdn;
using namespace mdn::test;

namespace {

using Tensors = std::vector<std::pair<std::string, Tensor>>;

Config small() { return parse_config(small_config_json, "small"); }

struct Stored : TemporaryFolder {
    std::string path = (*this / "w.safetensors").string();
    SafetensorsFile with(const Tensors& tensors) const {
        write_safetensors(path, tensors);
        return read_safetensors(path);
    }
};

Tensor& named(Tensors& tensors, const std::string& name) {
    for (auto& [stored, tensor] : tensors)
        if (stored == name) return tensor;
    FAIL(name);
    return tensors.front().second;
}

}  // namespace

TEST_SUITE("train/checkpoints/checkpoint") {
    TEST_CASE("weights go to disk and back in the layout of PyTorch") {
        const MicroDualNet model(small(), 1), other(small(), 2);
        const Stored stored;
        const Tensors before = weights_to_disk(model.parameters());
        const LoadReport report = load_weights(other.parameters(), stored.with(before));
        CHECK(report.loaded == std::ssize(before));
        CHECK(report.outside == 0);
        const Tensors after = weights_to_disk(other.parameters());
        for (size_t i = 0; i < before.size(); ++i) {
            CHECK(before[i].first == after[i].first);
            CHECK(before[i].second.to_vector<float>() == after[i].second.to_vector<float>());
        }
        Tensors weights = before;
        CHECK(named(weights, "backbone.conv1.weight").shape() == Shape{8, 3, 7, 7});
        CHECK(named(weights, "sem.depthwise.weight").shape() == Shape{64, 1, 3, 3});
    }

    TEST_CASE("a part of the weights is taken alone, and told by its digest") {
        const MicroDualNet model(small(), 1), other(small(), 2), same(small(), 2);
        const Stored stored;
        Tensors weights = weights_to_disk(model.parameters());
        // Of the rest, nothing is asked for.
        std::erase_if(weights, [](auto& entry) { return entry.first.starts_with("router."); });
        const LoadReport report =
            load_weights(other.parameters(), stored.with(weights), "backbone.");
        CHECK(report.loaded + report.outside == std::ssize(weights));
        CHECK(contains(report.message(), {"tensors outside of backbone.*"}));
        for (size_t i = 0; i < other.parameters().all().size(); ++i) {
            const Parameter& parameter = other.parameters().all()[i];
            const MicroDualNet& from = parameter.name.starts_with("backbone.") ? model : same;
            CHECK(parameter.value.to_vector<float>() ==
                  from.parameters().all()[i].value.to_vector<float>());
        }
        const auto digest = [&](const std::string& part) {
            return weights_digest(stored.with(weights), part);
        };
        const std::string backbone = digest("backbone."), all = digest("");
        CHECK(backbone.size() == 8);
        named(weights, "classifier.fc1.bias").data<float>()[1] += 0.5f;
        CHECK(digest("backbone.") == backbone);
        CHECK(digest("") != all);
        named(weights, "backbone.layer2.0.conv1.weight").data<float>()[3] += 0.5f;
        CHECK(digest("backbone.") != backbone);
        std::erase_if(weights, [](auto& entry) { return entry.first == "backbone.bn1.bias"; });
        CHECK(contains(
            error_of([&] { load_weights(other.parameters(), stored.with(weights), "backbone."); }),
            {"no tensor 'backbone.bn1.bias'"}));
    }

    TEST_CASE("num_batches_tracked and keys outside the model are ignored and counted") {
        const MicroDualNet model(small(), 1);
        const Stored stored;
        Tensors weights = weights_to_disk(model.parameters());
        weights.emplace_back("backbone.bn1.num_batches_tracked", Tensor::from<int64_t>({5}, {}));
        weights.emplace_back("backbone.fc.weight", Tensor::from<float>({1, 2}, {2}));
        weights.emplace_back("backbone.fc.bias", Tensor::from<float>({1}, {1}));
        weights.emplace_back("optimizer.m.classifier.fc1.bias", Tensor::from<float>({1}, {1}));
        const LoadReport report = load_weights(model.parameters(), stored.with(weights));
        CHECK(report.batch_counters == 1);
        CHECK(report.outside == 2);
        CHECK(report.optimizer == 1);
        CHECK(contains(report.message(), {stored.path, "1 num_batches_tracked", "2 tensors"}));
    }

    TEST_CASE("a missing key or a wrong shape is an error that names it, and nothing is changed") {
        const MicroDualNet model(small(), 1), other(small(), 2);
        const Stored stored;
        const std::string before = to_string(Shape{}) + other.parameters().all()[0].name;
        const auto values = other.parameters().all()[0].value.to_vector<float>();
        Tensors weights = weights_to_disk(model.parameters());
        named(weights, "st.mlp.fc2.bias") = Tensor::from<float>({1, 2, 3}, {3});
        std::string message =
            error_of([&] { load_weights(other.parameters(), stored.with(weights)); });
        CHECK_MESSAGE(contains(message, {stored.path, "'st.mlp.fc2.bias'", "[3]", "[8]"}), message);

        // The first in the model's order, whatever the file's.
        std::erase_if(weights, [](auto& entry) { return entry.first == "sem.entity_embedding"; });
        message = error_of([&] { load_weights(other.parameters(), stored.with(weights)); });
        CHECK_MESSAGE(contains(message, {stored.path, "no tensor 'sem.entity_embedding' [2, 8]"}),
                      message);
        named(weights, "backbone.conv1.weight") =
            Tensor::from<int64_t>(std::vector<int64_t>(8 * 3 * 49, 1), {8, 3, 7, 7});
        message = error_of([&] { load_weights(other.parameters(), stored.with(weights)); });
        CHECK_MESSAGE(contains(message, {"'backbone.conv1.weight'", "i64"}), message);
        CHECK(other.parameters().all()[0].value.to_vector<float>() == values);
    }

    TEST_CASE("position and optimizer state survive exactly") {
        const MicroDualNet model(small(), 1);
        Optimizer optimizer(model.parameters(), {});
        Random random(3);
        for (const auto& [name, tensor] : optimizer.state())
            if (tensor.dtype() == DType::f32)
                tensor.copy_from(random.normal_tensor(tensor.shape()));
        const Tensor steps = optimizer.state().back().second;
        for (int64_t i = 0; i < steps.numel(); ++i)
            steps.data<int64_t>()[i] = static_cast<int64_t>(random.below(43));
        const Position position{.epoch = 4,
                                .batch = 2,
                                .step = 42,
                                .best_epoch = 3,
                                .best_top1 = 100.0 / 3,
                                .log_bytes = 1'234'567'890'123,
                                .loss = 0.1 + 0.2,
                                .loss_ce = 1e-300,
                                .loss_mac = 3.0,
                                .clips = 17,
                                .without_person = 1};
        const Stored stored;
        save_checkpoint(stored.path, model.parameters(), optimizer, position, {{"batch", "8"}});

        const SafetensorsFile file = read_safetensors(stored.path);
        CHECK(file.metadata.at("batch") == "8");
        Optimizer fresh(model.parameters(), {});
        const Position read = load_training_state(fresh, file);
        CHECK(read.epoch == 4);
        CHECK(read.batch == 2);
        CHECK(read.step == 42);
        CHECK(read.best_epoch == 3);
        CHECK(read.best_top1 == 100.0 / 3);
        CHECK(read.log_bytes == position.log_bytes);
        CHECK(read.loss == 0.1 + 0.2);
        CHECK(read.loss_ce == 1e-300);
        CHECK(read.clips == 17);
        CHECK(read.without_person == 1);
        CHECK(fresh.steps() == 42);
        const auto a = optimizer.state(), b = fresh.state();
        for (size_t i = 0; i < a.size(); ++i) CHECK(same_bits(a[i].second, b[i].second));
    }

    TEST_CASE(
        "what needs the weights alone reads them without the optimizer's state, and counts it") {
        const MicroDualNet model(small(), 1), other(small(), std::nullopt);
        const Optimizer optimizer(model.parameters(), {});
        const Stored stored;
        save_checkpoint(stored.path, model.parameters(), optimizer, {}, {});
        const SafetensorsFile file = read_weights(stored.path);
        CHECK(file.tensors.size() == model.parameters().all().size());
        const LoadReport report = load_weights(other.parameters(), file);
        CHECK(report.loaded == std::ssize(model.parameters().all()));
        CHECK(report.optimizer == std::ssize(optimizer.state()));
        CHECK(report.outside == 0);
        const Tensors before = weights_to_disk(model.parameters()),
                      after = weights_to_disk(other.parameters());
        for (size_t i = 0; i < before.size(); ++i)
            CHECK(same_bits(before[i].second, after[i].second));
    }

    TEST_CASE("a file of weights only is no checkpoint to resume from") {
        const MicroDualNet model(small(), 1);
        Optimizer optimizer(model.parameters(), {});
        const Stored stored;
        const SafetensorsFile file = stored.with(weights_to_disk(model.parameters()));
        const std::string message = error_of([&] { load_training_state(optimizer, file); });
        CHECK_MESSAGE(contains(message, {stored.path, "not a checkpoint", "--init"}), message);
    }
}
