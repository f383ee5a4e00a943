#include "train/evaluate.h"

#include <algorithm>
#include <cmath>

#include "tests/train/program.h"
#include "train/load_model.h"
#include "train/predict.h"
#include "train/trace.h"

using namespace mdn;
using namespace mdn::test;
using doctest::Approx;

namespace {

Evaluation evaluate_val(MicroDualNet& model, const std::string& data, int64_t batch,
                        const ViewFlags& views = {}) {
    ClipOptions options = clip_options(model.config(), Sampling::test);
    views.apply(options);
    Loader loader(read_split(data, "val", 3, {}), options, {.batch_size = batch});
    return evaluate(model, loader, {.views = options.views()});
}

}  // namespace

TEST_SUITE("train/evaluate") {
    TEST_CASE("every clip gets the softmax of its own logits and the ST half of its routing") {
        SmallProject project;
        MicroDualNet model(load_config(project.config), 3);
        for (const int64_t batch : {1, 2, 3}) {
            const Evaluation evaluation = evaluate_val(model, project.data, batch);
            REQUIRE(evaluation.predictions.size() == 3);
            for (const ClipPrediction& clip : evaluation.predictions) {
                const TraceInput input = read_trace_clip(project.data, clip.clip, model.config());
                CHECK(input.labels.item() == static_cast<double>(clip.label));
                std::vector<double> logits, alpha;
                double loss_ce = 0;
                for (const auto& [name, tensor] : trace(model, input, {}))
                    for (float x : tensor.to_vector<float>()) {
                        if (name == "logits") logits.push_back(x);
                        if (name == "alpha") alpha.push_back(x);
                        if (name == "loss_ce") loss_ce = x;
                    }
                double total = 0;
                for (double x : logits) total += std::exp(x);
                for (size_t c = 0; c < 3; ++c)
                    CHECK(clip.probabilities[c] ==
                          Approx(std::exp(logits[c]) / total).epsilon(1e-4));
                CHECK(clip.loss == Approx(loss_ce).epsilon(1e-4));
                REQUIRE(clip.alpha_st.size() == 2);
                for (size_t k = 0; k < 2; ++k) {
                    CHECK(clip.alpha_st[k] == Approx(alpha[2 * k]).epsilon(1e-4));
                    // Or the test could not tell the two paths apart.
                    CHECK(std::abs(alpha[2 * k] - 0.5) > 1e-3);
                }
            }
        }
    }

    TEST_CASE("an evaluation knows what each path alone would answer, over all views") {
        SmallProject project;
        MicroDualNet model(load_config(project.config), 3);
        // So that the paths disagree: X_st ends in 3 where X_ts ends in -3, at the first place, and
        // the classifier says class 1 where GELU of that is above 1, else class 0.
        const auto only = [&](const std::string& name, int64_t place, float value) {
            const Tensor x = model.parameters().find(name)->value;
            std::fill_n(x.data<float>(), x.numel(), 0.f);
            x.data<float>()[place] = value;
        };
        for (const char* norm : {"st.temporal.norm.weight", "ts.spatial.norm.weight"})
            only(norm, 0, 0);
        only("st.temporal.norm.bias", 0, 3);
        only("ts.spatial.norm.bias", 0, -3);
        only("classifier.fc1.weight", model.config().feature_channels(), 1);
        only("classifier.fc2.weight", model.config().head_hidden, 1);
        only("classifier.fc2.bias", 1, -1);
        model.parameters().find("classifier.fc2.bias")->value.data<float>()[2] = -5;
        const ViewFlags views{.clips = 2};
        ClipOptions options = clip_options(model.config(), Sampling::test);
        views.apply(options);
        for (const ClipPrediction& clip : evaluate_val(model, project.data, 2, views).predictions) {
            const ClipFiles files = find_clip(project.data, clip.clip, 3, {}).files;
            const Clip read = read_clip(files, options);
            const Outputs outputs = model.forward(model_inputs(read.tensors), Tensor());
            const auto best = [&](Paths path) {
                const Tensor logits = model.logits_of_path(outputs, path);
                std::vector<double> mean(3);
                for (int64_t view = 0; view < 2; ++view) {
                    const auto p = probabilities_of(logits.data<float>() + 3 * view, 3);
                    for (size_t c = 0; c < 3; ++c) mean[c] += p[c];
                }
                return top_classes(mean, 1).front();
            };
            CHECK(clip.st_alone == best(Paths::st));
            CHECK(clip.ts_alone == best(Paths::ts));
            CHECK((clip.st_alone == 1 && clip.ts_alone == 0));
        }

        Config one_path = load_config(project.config);
        one_path.paths = Paths::ts;
        MicroDualNet single(one_path, 3);
        for (const ClipPrediction& clip : evaluate_val(single, project.data, 2).predictions)
            CHECK((clip.st_alone == -1 && clip.ts_alone == -1));
    }

    TEST_CASE("predict says the same of a clip as eval does") {
        SmallProject project;
        MicroDualNet model(load_config(project.config), 3);
        const Evaluation evaluation = evaluate_val(model, project.data, 3);
        const ClipPrediction& clip = evaluation.predictions[1];
        const Prediction prediction =
            predict(model, find_clip(project.data, clip.clip, 3, {}).files,
                    clip_options(model.config(), Sampling::test));
        CHECK(prediction.person_visible);
        for (size_t c = 0; c < 3; ++c)
            CHECK(prediction.probabilities[c] == Approx(clip.probabilities[c]).epsilon(1e-4));
        for (size_t k = 0; k < 2; ++k) {
            CHECK(prediction.alpha[k].first == Approx(clip.alpha_st[k]).epsilon(1e-4));
            CHECK(prediction.alpha[k].first + prediction.alpha[k].second == Approx(1));
        }
    }

    TEST_CASE("the views of a clip are averaged after softmax, whatever the batch") {
        SmallProject project;
        MicroDualNet model(load_config(project.config), 3);
        const ViewFlags views{.clips = 2, .crops = 3};
        const auto alone = evaluate_val(model, project.data, 1, views).predictions;
        const auto together = evaluate_val(model, project.data, 3, views).predictions;
        ClipOptions options = clip_options(model.config(), Sampling::test);
        views.apply(options);
        double most = 0;
        for (size_t i = 0; i < 3; ++i) {
            const ClipFiles files = find_clip(project.data, together[i].clip, 3, {}).files;
            const Clip clip = read_clip(files, options);
            const Outputs outputs = model.forward(model_inputs(clip.tensors), Tensor());
            REQUIRE(outputs.logits.shape() == Shape{6, 3});
            std::vector<double> probabilities(3), alpha(2);
            for (int64_t view = 0; view < 6; ++view) {
                const float* logits = outputs.logits.data<float>() + view * 3;
                const double total =
                    std::exp(logits[0]) + std::exp(logits[1]) + std::exp(logits[2]);
                for (size_t c = 0; c < 3; ++c) probabilities[c] += std::exp(logits[c]) / total / 6;
                for (size_t k = 0; k < 2; ++k)
                    alpha[k] += outputs.alpha.data<float>()[(view * 2 + k) * 2] / 6.0;
            }
            const Prediction prediction = predict(model, files, options);
            for (size_t c = 0; c < 3; ++c) {
                CHECK(together[i].probabilities[c] == Approx(probabilities[c]).epsilon(1e-4));
                CHECK(alone[i].probabilities[c] == Approx(probabilities[c]).epsilon(1e-4));
                CHECK(prediction.probabilities[c] == Approx(probabilities[c]).epsilon(1e-4));
            }
            for (size_t k = 0; k < 2; ++k) {
                CHECK(together[i].alpha_st[k] == Approx(alpha[k]).epsilon(1e-4));
                CHECK(prediction.alpha[k].first == Approx(alpha[k]).epsilon(1e-4));
                CHECK(prediction.alpha[k].second == Approx(1 - alpha[k]).epsilon(1e-4));
            }
            const Prediction once =
                predict(model, files, clip_options(model.config(), Sampling::test));
            for (size_t c = 0; c < 3; ++c)
                most = std::max(most, std::abs(once.probabilities[c] - probabilities[c]));
        }
        CHECK(most > 1e-3);  // or one view would do as well
    }

    TEST_CASE("what comes before an unreadable clip is handed over, though that was read ahead") {
        SmallProject project;
        MicroDualNet model(load_config(project.config), 3);
        for (int64_t t = 0; t < 3; ++t)
            write(find_clip(project.data, "val_2", 3, {}).files.frame(t), "no image");
        Loader loader(read_split(project.data, "val", 3, {}),
                      clip_options(model.config(), Sampling::test), {.batch_size = 1});
        int64_t batches = 0;
        const std::string message = error_of([&] {
            for_each_batch(model, loader, {},
                           [&](const Batch&, const std::vector<ViewAverage>&) { ++batches; });
        });
        CHECK_MESSAGE(contains(message, {"val_2", "img_0000"}), message);
        CHECK(batches == 2);
    }

    TEST_CASE("logits that are not finite are an error that names the clip") {
        SmallProject project;
        MicroDualNet model(load_config(project.config), 3);
        const Tensor bias = model.parameters().find("classifier.fc2.bias")->value;
        bias.data<float>()[1] = NAN;
        const std::string message = error_of([&] { evaluate_val(model, project.data, 1); });
        CHECK_MESSAGE(contains(message, {"val_0", "not finite"}), message);
        CHECK(contains(error_of([&] {
                           predict(model, find_clip(project.data, "val_2", 3, {}).files,
                                   clip_options(model.config(), Sampling::test));
                       }),
                       {"val_2", "not finite"}));
    }
}
