// Steps that ranks share, against those of one process.
#include "train/training_step.h"

#include <doctest/doctest.h>
#include <cmath>
#include <cstring>

#include "engine/autograd.h"
#include "engine/launch_observer.h"
#include "tests/engine/gradient_check.h"
#include "tests/engine/process_ranks.h"
#include "tests/model/inputs.h"
#include "tests/train/parallel/thread_ranks.h"
#ifdef MDN_CUDA_EMULATION
#include "tests/cuda_emulation/streams.h"
#endif

using namespace mdn;

namespace {

Tensor rows_of(const Tensor& x, int64_t first, int64_t count) {
    Shape shape = x.shape();
    shape.front() = count;
    const Tensor rows = Tensor::empty(shape, x.dtype());
    if (count > 0)
        std::memcpy(rows.raw(), static_cast<const char*>(x.raw()) + first * (x.bytes() / x.dim(0)),
                    static_cast<size_t>(rows.bytes()));
    return rows;
}

/// Clips of each step: those of 4 give a rank of three more than others, those of 2 leave one
/// without any.
const std::vector<int64_t> clips_of_step = {6, 4, 2, 6};
/// Often enough to be recorded, and replayed.
const std::vector<int64_t> repeated_clips = {3, 3, 3, 3};

Config config_with_dropout() {
    Config config = test::small_config();
    config.dropout = 0.2;
    config.head_dropout = 0.3;
    return config;
}

struct Course {
    std::vector<StepResult> results;
    std::vector<std::vector<float>> weights;     // after each step, all in a row
    std::vector<std::vector<float>> statistics;  // the running ones
    int64_t launches = 0;                        // of kernels, in the last step
};

class CountLaunches final : public LaunchObserver {
  public:
    CountLaunches() { launch_observer = this; }
    ~CountLaunches() override { launch_observer = nullptr; }
    void kernel_launched() override { ++count; }
    void product_begins() override {}
    void product_ends() override {}
    int64_t count = 0;
};

/// The steps of one rank, or of one process.
Course train(const Config& config, const StepRanks& ranks, Device device = Device::cpu,
             Recompute recompute = Recompute::outputs, bool one_diverges = false,
             const std::vector<int64_t>& clips_of_step = ::clips_of_step, bool record = true) {
    MicroDualNet model(config, 1, DType::f32, device);
    test::give_branches_weight(model);
    // SGD, whose steps are as large as the gradient says: AdamW's first ones are not.
    Optimizer optimizer(model.parameters(),
                        {.kind = OptimizerKind::sgd, .momentum = 0.9, .clip_norm = 1});
    TrainingStep training(model, optimizer, record, 0.1, recompute, ranks);
    Course course;
    for (int64_t step = 0; step < std::ssize(clips_of_step); ++step) {
        const int64_t clips = clips_of_step[static_cast<size_t>(step)];
        const test::Batch batch =
            test::random_batch(config, clips, 40 + static_cast<uint64_t>(step));
        if (one_diverges) batch.inputs.frames.data<float>()[batch.inputs.frames.numel() - 1] = NAN;
        StepInput input{.inputs = batch.inputs,
                        .labels = batch.labels,
                        .seed = 5,
                        .step = step,
                        .learning_rate = 0.05};
        if (ranks.over) {
            input.clips_of_ranks = shares_of(clips, ranks.over->ranks());
            const BatchShare share{.over = ranks.over, .clips = input.clips_of_ranks};
            const auto own = [&](const Tensor& x) {
                return rows_of(x, share.first(), share.own());
            };
            input.inputs = input.inputs.each(own);
            input.labels = own(input.labels);
        }
        training.bring(input);
        const CountLaunches launches;
        training.start();
        course.launches = launches.count;
        course.results.push_back(training.finish());
        std::vector<float>&weights = course.weights.emplace_back(),
        &statistics = course.statistics.emplace_back();
        for (const Parameter& parameter : model.parameters().all()) {
            const std::vector<float> values = parameter.value.to_vector<float>();
            std::vector<float>& all = parameter.trained() ? weights : statistics;
            all.insert(all.end(), values.begin(), values.end());
        }
    }
    return course;
}

std::vector<Course> train_on(int64_t ranks, const Config& config, StepRanks how,
                             Device device = Device::cpu,
                             Recompute recompute = Recompute::outputs) {
    std::vector<Course> courses(static_cast<size_t>(ranks));
    test::with_ranks(ranks, [&](Communicator& over) {
        StepRanks own = how;
        own.over = &over;
        courses[static_cast<size_t>(over.rank())] = train(config, own, device, recompute);
    });
    return courses;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
    const auto size = std::ssize(a);
    return test::relative_error(Tensor::from(a, {size}), Tensor::from(b, {size}));
}

const StepRanks whole_batch = {.sync_batch_norm = true, .gather_mac = true};

#ifdef MDN_CUDA_EMULATION
struct Timing {
    bool compute = false, nccl = false;  // whether their streams are late
    int without_waits = -1;              // a stream that does not wait for the other
};

/// Of ranks whose GPUs are joined. Only loss, weights and statistics come back, and the launches.
std::vector<Course> train_joined(int64_t ranks, StepRanks how, bool record,
                                 const Timing& timing = {},
                                 const std::vector<int64_t>& clips = repeated_clips) {
    const Config config = config_with_dropout();
    std::vector<Course> courses;
    for (const std::vector<float>& numbers :
         test::results_of_processes(ranks, [&](Communicator& over) {
             StepRanks own = how;
             own.over = &over;
             over.join_devices(Device::cuda);
             if (!over.devices(Device::cuda)) throw Error("the GPUs are not joined");
             // A late stream works on memory that the host has given back.
             allocator(Device::cuda).hold_segments(true);
             const emulation::LateStreams late(timing.compute, false, timing.nccl);
             const emulation::LostWaits lost(timing.without_waits);
             const Course course =
                 train(config, own, Device::cuda, Recompute::outputs, false, clips, record);
             std::vector<float> all = {static_cast<float>(course.launches),
                                       static_cast<float>(course.weights[0].size())};
             for (size_t step = 0; step < course.weights.size(); ++step) {
                 all.push_back(static_cast<float>(course.results[step].loss));
                 for (const auto* part : {&course.weights[step], &course.statistics[step]})
                     all.insert(all.end(), part->begin(), part->end());
             }
             return all;
         })) {
        Course& course = courses.emplace_back();
        course.launches = static_cast<int64_t>(numbers[0]);
        const auto steps = std::ssize(clips), weights = static_cast<int64_t>(numbers[1]);
        const int64_t each = (std::ssize(numbers) - 2) / steps;
        for (int64_t step = 0; step < steps; ++step) {
            const auto first = numbers.begin() + 2 + step * each;
            course.results.emplace_back().loss = *first;
            course.weights.emplace_back(first + 1, first + 1 + weights);
            course.statistics.emplace_back(first + 1 + weights, first + each);
        }
    }
    return courses;
}

bool is_close(const std::vector<Course>& courses, const Course& one) {
    for (const Course& course : courses)
        for (size_t step = 0; step < one.weights.size(); ++step)
            if (!(distance(course.weights[step], one.weights[step]) < 1e-5 &&
                  distance(course.statistics[step], one.statistics[step]) < 1e-5))
                return false;
    return true;
}
#endif

}  // namespace

TEST_SUITE("train/parallel/training_step") {
    TEST_CASE("two and three ranks take the steps of one process with the whole batch") {
        for (const Device device : {Device::cpu, Device::cuda}) {
            const Config config = config_with_dropout();
            const Course one = train(config, {}, device);
            for (const int64_t ranks : {2, 3}) {
                const std::vector<Course> courses = train_on(ranks, config, whole_batch, device);
                for (size_t step = 0; step < clips_of_step.size(); ++step) {
                    CAPTURE(to_string(device));
                    CAPTURE(ranks);
                    CAPTURE(step);
                    const StepResult &a = courses[0].results[step], &b = one.results[step];
                    CHECK(a.loss == doctest::Approx(b.loss).epsilon(1e-5));
                    CHECK(a.loss_ce == doctest::Approx(b.loss_ce).epsilon(1e-5));
                    CHECK(a.loss_mac == doctest::Approx(b.loss_mac).epsilon(1e-5));
                    CHECK(a.gradient_norm == doctest::Approx(b.gradient_norm).epsilon(1e-5));
                    CHECK(a.top1 == doctest::Approx(b.top1));
                    CHECK(distance(courses[0].weights[step], one.weights[step]) < 1e-5);
                    CHECK(distance(courses[0].statistics[step], one.statistics[step]) < 1e-5);
                    for (const Course& other : courses) {
                        CHECK(other.weights[step] == courses[0].weights[step]);
                        CHECK(other.statistics[step] == courses[0].statistics[step]);
                        CHECK(other.results[step].loss == a.loss);
                    }
                }
            }
        }
    }

#ifdef MDN_CUDA_EMULATION
    TEST_CASE("joined GPUs take the steps of one process, recorded or not") {
        for (const int64_t ranks : {2, 3}) {
            CAPTURE(ranks);
            // Of two ranks one has more clips; of three one has none, with 2 clips.
            const std::vector<int64_t> clips =
                ranks == 2 ? repeated_clips : std::vector<int64_t>{2, 2, 2, 2};
            const Course one =
                train(config_with_dropout(), {}, Device::cuda, Recompute::outputs, false, clips);
            const std::vector<Course> plain = train_joined(ranks, whole_batch, false, {}, clips),
                                      recorded = train_joined(ranks, whole_batch, true, {}, clips);
            CHECK(plain[0].launches > 100);
            CHECK(recorded[0].launches == 0);
            CHECK(is_close(plain, one));
            for (size_t step = 0; step < clips.size(); ++step) {
                CAPTURE(step);
                CHECK(plain[0].results[step].loss ==
                      doctest::Approx(one.results[step].loss).epsilon(1e-5));
                for (size_t rank = 0; rank < plain.size(); ++rank) {
                    CHECK(plain[rank].weights[step] == plain[0].weights[step]);
                    CHECK(plain[rank].statistics[step] == plain[0].statistics[step]);
                    CHECK(recorded[rank].weights[step] == plain[0].weights[step]);
                    CHECK(recorded[rank].statistics[step] == plain[0].statistics[step]);
                }
            }
        }
    }

    TEST_CASE("recorded steps of several shares of a batch stay apart") {
        const std::vector<int64_t> clips = {3, 2, 3, 2, 3, 2, 3, 2, 1, 3};
        const std::vector<Course> plain = train_joined(2, whole_batch, false, {}, clips),
                                  recorded = train_joined(2, whole_batch, true, {}, clips);
        CHECK(recorded[0].launches == 0);
        CHECK(recorded[0].weights == plain[0].weights);
        CHECK(recorded[1].statistics == plain[0].statistics);
    }

    TEST_CASE("joined GPUs have the same bits at every timing of their streams") {
        const Course first = train_joined(2, whole_batch, false)[0];
        for (const bool record : {false, true})
            for (const Timing timing : {Timing{true, false}, {false, true}, {true, true}}) {
                CAPTURE(record);
                CAPTURE(timing.compute);
                CAPTURE(timing.nccl);
                for (const Course& course : train_joined(2, whole_batch, record, timing)) {
                    CHECK(course.weights == first.weights);
                    CHECK(course.statistics == first.statistics);
                }
            }
    }

    TEST_CASE("joined GPUs with statistics of their own take the steps that they take apart") {
        const Config config = config_with_dropout();
        std::vector<Course> apart(2);
        test::with_ranks(2, [&](Communicator& over) {
            apart[static_cast<size_t>(over.rank())] =
                train(config, {.over = &over}, Device::cuda, Recompute::outputs, false,
                      repeated_clips, false);
        });
        for (const bool record : {false, true})
            CHECK(is_close(train_joined(2, {}, record), apart[0]));
    }

    TEST_CASE("a wait that is missing between computing and NCCL spoils the steps") {
        const Course one = train(config_with_dropout(), {}, Device::cuda, Recompute::outputs, false,
                                 repeated_clips);
        const auto is_spoiled = [&](bool record, const Timing& timing) {
            try {
                return !is_close(train_joined(2, whole_batch, record, timing), one);
            } catch (const Error& error) {
                return std::string(error.what()).find("not finite") != std::string::npos;
            }
        };
        for (const bool record : {false, true}) {
            CAPTURE(record);
            CHECK(is_spoiled(record, {true, false, 2}));  // sums of what is not there yet
            CHECK(is_spoiled(record, {false, true, 0}));  // sums that are read too early
        }
    }
#endif

    TEST_CASE("what is computed again on the backward way changes no bit on ranks either") {
        const Config config = config_with_dropout();
        const std::vector<Course> kept = train_on(2, config, whole_batch),
                                  again = train_on(2, config, whole_batch, Device::cpu,
                                                   Recompute::convolutions);
        CHECK(kept[0].weights == again[0].weights);
        CHECK(kept[1].statistics == again[1].statistics);
    }

    TEST_CASE("ranks with statistics of their own keep the same weights and statistics") {
        const Config config = config_with_dropout();
        const Course one = train(config, {});
        const std::vector<Course> courses = train_on(3, config, {});
        for (const Course& course : courses) {
            CHECK(course.weights == courses[0].weights);
            CHECK(course.statistics == courses[0].statistics);
            for (const std::vector<float>& statistics : course.statistics)
                for (const float number : statistics) CHECK(std::isfinite(number));
        }
        // Not the same training: each rank's batch norms see its own clips.
        CHECK(distance(courses[0].weights.back(), one.weights.back()) > 1e-4);
    }

    TEST_CASE("the size of the buckets changes no more than the last bits") {
        const Config config = config_with_dropout();
        StepRanks small = whole_batch;
        small.buckets = {.first = 64, .others = 4096};
        const std::vector<Course> in_one = train_on(2, config, whole_batch),
                                  in_many = train_on(2, config, small);
        CHECK(distance(in_one[0].weights.back(), in_many[0].weights.back()) < 1e-5);
    }

    TEST_CASE("a loss that is not finite stops all ranks, and names the rank") {
        for (const bool synchronized : {false, true}) {
            std::vector<std::string> said(2);
            test::with_ranks(2, [&](Communicator& over) {
                StepRanks ranks{.over = &over, .sync_batch_norm = synchronized};
                try {
                    train(config_with_dropout(), ranks, Device::cpu, Recompute::outputs, true);
                } catch (const NonFinite& error) {
                    said[static_cast<size_t>(over.rank())] = error.what();
                }
            });
            CHECK(said[0] == (synchronized ? "the loss is not finite on rank 0"
                                           : "the loss is not finite on rank 1"));
            CHECK(said[1] == said[0]);
        }
    }
}

TEST_SUITE("train/parallel/gradient_sums") {
    TEST_CASE("gradients are added whoever reads a parameter, in buckets of any size") {
        Random random(2);
        const Tensor x = random.normal_tensor({4, 6});
        for (const BucketSizes sizes : {BucketSizes{}, {4, 4}, {100, 200}}) {
            std::vector<std::vector<float>> results(2);
            std::vector<int64_t> buckets(2);
            test::with_ranks(2, [&](Communicator& over) {
                ParameterStore store;
                Random same(7);
                const Tensor unused = store.add("unused", same.normal_tensor({3}), Role::bias);
                const Tensor b = store.add("b", same.normal_tensor({6}), Role::bias);
                // Last, so that it travels first.
                const Tensor a = store.add("a", same.normal_tensor({6, 6}), Role::weight);
                const auto rank = static_cast<size_t>(over.rank());
                GradientSums sums(store, over, sizes);
                buckets[rank] = sums.buckets();
                sums.during([&] {
                    // a is read twice: its gradient is not there before both have given theirs.
                    const Tensor y = linear(linear(rows_of(x, 2 * over.rank(), 2), a, b), a, {});
                    backward(sum(y));
                });
                CHECK(!unused.grad().defined());
                results[rank] = a.grad().to_vector<float>();
                const std::vector<float> bias = b.grad().to_vector<float>();
                results[rank].insert(results[rank].end(), bias.begin(), bias.end());
            });
            ParameterStore store;
            Random same(7);
            same.normal_tensor({3});
            const Tensor b = store.add("b", same.normal_tensor({6}), Role::bias);
            const Tensor a = store.add("a", same.normal_tensor({6, 6}), Role::weight);
            backward(sum(linear(linear(x, a, b), a, {})));
            std::vector<float> expected = a.grad().to_vector<float>();
            const std::vector<float> bias = b.grad().to_vector<float>();
            expected.insert(expected.end(), bias.begin(), bias.end());
            CHECK(results[0] == results[1]);
            CHECK(distance(results[0], expected) < 1e-6);
            CHECK(buckets[0] == (sizes.first == 4 ? 3 : sizes.first == 100 ? 2 : 1));
        }
    }

    TEST_CASE("an error amid sums ends all ranks, one before the first sum only its own") {
        for (const bool amid : {false, true}) {
            CAPTURE(amid);
            std::string message;
            try {
                test::with_ranks(2, [&](Communicator& over) {
                    ParameterStore store;
                    Random same(7);
                    const Tensor a = store.add("a", same.normal_tensor({6, 6}), Role::weight);
                    GradientSums sums(store, over, {});
                    sums.during([&] {
                        if (amid) backward(sum(linear(same.normal_tensor({2, 6}), a, {})));
                        if (over.rank() == 1) throw Error("no memory");
                    });
                });
            } catch (const Error& error) {
                message = error.what();
            }
            CHECK(message == (amid ? "amid sums: no memory" : "no memory"));
        }
    }
}
