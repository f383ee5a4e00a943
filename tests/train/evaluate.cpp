#include "train/evaluate.h"

#include <cmath>

#include "tests/train/program.h"
#include "train/model_options.h"
#include "train/predict.h"
#include "train/trace.h"

using namespace mdn;
using namespace mdn::testing;
using doctest::Approx;

namespace {

Evaluation evaluate_val(MicroDualNet& model, const std::string& data, Sampling sampling,
                        int64_t batch) {
    const ClipOptions options = clip_options(model.config(), sampling);
    Loader loader(read_split(data, "val", 3, {}), options, {.batch_size = batch});
    return evaluate(model, loader, options.views());
}

}  // namespace

TEST_SUITE("train/evaluate") {
    TEST_CASE("every clip gets the softmax of its own logits and the ST half of its routing") {
        SmallProject project;
        MicroDualNet model(load_config(project.config), 3);
        for (const int64_t batch : {1, 2, 3}) {
            const Evaluation evaluation = evaluate_val(model, project.data, Sampling::test, batch);
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

    TEST_CASE("predict says the same of a clip as eval does") {
        SmallProject project;
        MicroDualNet model(load_config(project.config), 3);
        const Evaluation evaluation = evaluate_val(model, project.data, Sampling::test, 3);
        const ClipPrediction& clip = evaluation.predictions[1];
        const Prediction prediction =
            predict(model, find_clip(project.data, clip.clip, 3, {}).files);
        CHECK(prediction.person_visible);
        for (size_t c = 0; c < 3; ++c)
            CHECK(prediction.probabilities[c] == Approx(clip.probabilities[c]).epsilon(1e-4));
        for (size_t k = 0; k < 2; ++k) {
            CHECK(prediction.alpha[k].first == Approx(clip.alpha_st[k]).epsilon(1e-4));
            CHECK(prediction.alpha[k].first + prediction.alpha[k].second == Approx(1));
        }
    }

    TEST_CASE("two views of a clip are averaged, whatever the batch") {
        SmallProject project;
        MicroDualNet model(load_config(project.config), 3);
        const auto once = evaluate_val(model, project.data, Sampling::test, 2).predictions;
        const auto alone = evaluate_val(model, project.data, Sampling::twice, 1).predictions;
        const auto together = evaluate_val(model, project.data, Sampling::twice, 3).predictions;
        bool differs = false;
        for (size_t i = 0; i < 3; ++i) {
            double total = 0;
            for (size_t c = 0; c < 3; ++c) {
                total += together[i].probabilities[c];
                CHECK(together[i].probabilities[c] ==
                      Approx(alone[i].probabilities[c]).epsilon(1e-4));
                differs |= std::abs(together[i].probabilities[c] - once[i].probabilities[c]) > 1e-4;
            }
            CHECK(total == Approx(1));
            CHECK(together[i].alpha_st[0] == Approx(alone[i].alpha_st[0]).epsilon(1e-4));
        }
        CHECK(differs);
    }

    TEST_CASE("logits that are not finite are an error that names the clip") {
        SmallProject project;
        MicroDualNet model(load_config(project.config), 3);
        const Tensor bias = model.parameters().find("classifier.fc2.bias")->value;
        bias.data<float>()[1] = NAN;
        const std::string message =
            error_of([&] { evaluate_val(model, project.data, Sampling::test, 1); });
        CHECK_MESSAGE(contains(message, {"val_0", "not finite"}), message);
        CHECK(contains(
            error_of([&] { predict(model, find_clip(project.data, "val_2", 3, {}).files); }),
            {"val_2", "not finite"}));
    }
}
