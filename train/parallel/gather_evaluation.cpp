#include "train/parallel/gather_evaluation.h"

#include <cstring>
#include <utility>

#include "engine/optim.h"

namespace mdn {

namespace {

/// Numbers and texts one after the other, as they lie in memory: all ranks run the same program.
class Writer {
  public:
    template <class T>
    void put(T number) {
        bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
    }
    void put(const std::vector<double>& numbers) {
        put(numbers.size());
        for (const double number : numbers) put(number);
    }
    void put(const std::string& text) {
        put(text.size());
        bytes_ += text;
    }
    std::string take() { return std::move(bytes_); }

  private:
    std::string bytes_;
};

class Reader {
  public:
    explicit Reader(const std::string& bytes) : bytes_(bytes) {}
    bool over() const { return next_ == bytes_.size(); }
    template <class T>
    T number() {
        T value{};
        std::memcpy(&value, bytes_.data() + next_, sizeof value);
        next_ += sizeof value;
        return value;
    }
    std::vector<double> numbers() {
        std::vector<double> all(number<size_t>());
        for (double& value : all) value = number<double>();
        return all;
    }
    std::string text() {
        const auto size = number<size_t>();
        next_ += size;
        return bytes_.substr(next_ - size, size);
    }

  private:
    const std::string& bytes_;
    size_t next_ = 0;
};

}  // namespace

void gather_evaluation(Evaluation& evaluation, Communicator& over) {
    Writer own;
    own.put(evaluation.without_person);
    for (size_t i = 0; i < evaluation.predictions.size(); ++i) {
        const ClipPrediction& clip = evaluation.predictions[i];
        if (clip.probabilities.empty()) continue;
        own.put(i);
        own.put(clip.clip);
        own.put(clip.label);
        own.put(clip.probabilities);
        own.put(clip.loss);
        own.put(clip.alpha_st);
        own.put(clip.st_alone);
        own.put(clip.ts_alone);
    }
    evaluation.without_person = 0;
    for (const std::string& bytes : over.gather_text(own.take())) {
        Reader read(bytes);
        evaluation.without_person += read.number<int64_t>();
        while (!read.over()) {
            ClipPrediction& clip = evaluation.predictions.at(read.number<size_t>());
            clip.clip = read.text();
            clip.label = read.number<int64_t>();
            clip.probabilities = read.numbers();
            clip.loss = read.number<double>();
            clip.alpha_st = read.numbers();
            clip.st_alone = read.number<int64_t>();
            clip.ts_alone = read.number<int64_t>();
        }
    }
}

Evaluation evaluate_together(const std::function<Evaluation()>& evaluated, Communicator& over) {
    Evaluation evaluation;
    std::string failure, hint;
    try {
        evaluation = evaluated();
    } catch (const NonFinite& error) {
        failure = error.what();
        hint = error.hint();
    }
    const std::vector<std::string> failures = over.gather_text(failure),
                                   hints = over.gather_text(hint);
    for (size_t rank = 0; rank < failures.size(); ++rank)
        if (!failures[rank].empty())
            throw NonFinite(failures[rank] + ", on " + over.name(static_cast<int64_t>(rank)),
                            hints[rank]);
    gather_evaluation(evaluation, over);
    return evaluation;
}

}  // namespace mdn
