#include "data/loader.h"

#include <algorithm>
#include <set>

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

/// Seven clips of different length, three labels; the sixth shows nobody.
struct Folder : TemporaryFolder {
    Folder() {
        std::string list;
        for (std::int64_t i = 0; i < 7; ++i) {
            const std::string name = "clip" + std::to_string(i);
            write_clip(path(), name, 3 + i, 36, 30, 100 * static_cast<std::uint64_t>(i));
            list += name + " " + std::to_string(3 + i) + " " + std::to_string(i % 3) + "\n";
        }
        write(path() / "train.txt", list);
        for (const auto& file : std::filesystem::directory_iterator(path() / "keypoints/clip5")) {
            write(file.path(), openpose_json({}));
        }
    }
    std::vector<ListedClip> clips() const { return read_split(path(), "train", 3, {}); }
};

ClipOptions small(Sampling sampling) {
    ClipOptions options;
    options.frames = 4;
    options.size = 16;
    options.entities = {Entity::head, Entity::torso};
    options.sampling = sampling;
    return options;
}

LoaderOptions training(std::int64_t workers, std::int64_t ahead = 2) {
    return {.batch_size = 2,
            .workers = workers,
            .ahead = ahead,
            .order = Order::shuffled,
            .drop_last_single = false,
            .seed = 9};
}

std::vector<Batch> rest_of_epoch(Loader& loader) {
    std::vector<Batch> batches;
    while (auto batch = loader.next()) batches.push_back(std::move(*batch));
    return batches;
}

std::vector<Batch> epoch_of(Loader& loader, std::int64_t epoch, std::int64_t first = 0) {
    loader.start(epoch, first);
    return rest_of_epoch(loader);
}

bool same(const Batch& a, const Batch& b) {
    return a.tensors.frames.to_vector<float>() == b.tensors.frames.to_vector<float>() &&
           a.tensors.boxes.to_vector<float>() == b.tensors.boxes.to_vector<float>() &&
           a.labels.to_vector<std::int64_t>() == b.labels.to_vector<std::int64_t>() &&
           a.clips == b.clips && a.without_person == b.without_person;
}

bool same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(),
                      [](const Batch& p, const Batch& q) { return same(p, q); });
}

}  // namespace

TEST_SUITE("data/loader") {
    TEST_CASE("evaluation: every clip once, in the list's order, as read_clip reads it") {
        Folder folder;
        const auto clips = folder.clips();
        Loader loader(clips, small(Sampling::test), {.batch_size = 3, .workers = 2, .ahead = 2});
        CHECK_FALSE(loader.next());
        const auto batches = epoch_of(loader, 0);
        CHECK(loader.batches() == 3);
        REQUIRE(batches.size() == 3);
        std::int64_t position = 0, without_person = 0;
        for (const Batch& batch : batches) {
            const std::int64_t B = position < 6 ? 3 : 1;
            CHECK(batch.tensors.frames.shape() == Shape{B, 4, 16, 16, 3});
            CHECK(batch.tensors.boxes.shape() == Shape{B, 4, 2, 4});
            CHECK(batch.labels.shape() == Shape{B});
            without_person += batch.without_person;
            for (std::int64_t row = 0; row < B; ++row, ++position) {
                CHECK(batch.clips[row] == position);
                CHECK(batch.labels.data<std::int64_t>()[row] == position % 3);
                const Clip clip = read_clip(clips[position].files, small(Sampling::test));
                const float* frames =
                    batch.tensors.frames.data<float>() + row * clip.tensors.frames.numel();
                const float* boxes =
                    batch.tensors.boxes.data<float>() + row * clip.tensors.boxes.numel();
                CHECK(std::vector<float>(frames, frames + clip.tensors.frames.numel()) ==
                      clip.tensors.frames.to_vector<float>());
                CHECK(std::vector<float>(boxes, boxes + clip.tensors.boxes.numel()) ==
                      clip.tensors.boxes.to_vector<float>());
            }
        }
        CHECK(position == 7);
        CHECK(without_person == 1);
        CHECK_FALSE(loader.next());
        loader.start(0);
        CHECK(same(rest_of_epoch(loader), batches));
    }

    TEST_CASE("views of a clip are neighbours in the batch") {
        Folder folder;
        ClipOptions options = small(Sampling::test);
        options.samplings = 2;
        options.crops = 3;
        Loader loader(folder.clips(), options, {.batch_size = 2});
        loader.start(0);
        const auto batch = loader.next();
        REQUIRE(batch);
        CHECK(batch->tensors.frames.shape() == Shape{12, 4, 16, 16, 3});
        CHECK(batch->tensors.boxes.shape() == Shape{12, 4, 2, 4});
        CHECK(batch->labels.shape() == Shape{2});
        const Clip second = read_clip(folder.clips()[1].files, options);
        const auto frames = batch->tensors.frames.to_vector<float>();
        CHECK(std::vector<float>(frames.begin() + second.tensors.frames.numel(), frames.end()) ==
              second.tensors.frames.to_vector<float>());
    }

    TEST_CASE("joints come in batches as frames do") {
        Folder folder;
        const auto clips = folder.clips();
        std::filesystem::remove_all(folder / "frames");
        ClipOptions options = small(Sampling::test);
        options.samplings = 2;
        options.input = ClipInput::joints;
        Loader loader(clips, options, {.batch_size = 4, .workers = 2});
        const auto batches = epoch_of(loader, 0);
        REQUIRE(batches.size() == 2);
        CHECK_FALSE(batches[0].tensors.frames.defined());
        CHECK(batches[0].tensors.joints.shape() == Shape{8, 4, 2, 12, 3});
        CHECK(batches[1].tensors.joints.shape() == Shape{6, 4, 2, 12, 3});
        CHECK(batches[1].without_person == 1);
        const Tensor last = read_clip(clips[6].files, options).tensors.joints;
        const auto joints = batches[1].tensors.joints.to_vector<float>();
        CHECK(std::vector<float>(joints.end() - last.numel(), joints.end()) ==
              last.to_vector<float>());
    }

    TEST_CASE("the same batches with 1 worker or 8, any look-ahead, cached or not") {
        Folder folder;
        Loader one(folder.clips(), small(Sampling::train), training(1, 1));
        Loader eight(folder.clips(), small(Sampling::train), training(8, 3));
        ClipOptions with_cache = small(Sampling::train);
        with_cache.cache_bytes = 1 << 16;
        Loader cached(folder.clips(), with_cache, training(8, 5));
        for (const std::int64_t epoch : {0, 1, 5}) {
            CAPTURE(epoch);
            const auto expected = epoch_of(one, epoch);
            CHECK(expected.size() == 4);
            CHECK(same(epoch_of(eight, epoch), expected));
            CHECK(same(epoch_of(cached, epoch), expected));
        }
    }

    TEST_CASE("epochs and seeds differ in order and augmentation; each holds every clip once") {
        Folder folder;
        Loader loader(folder.clips(), small(Sampling::train), training(2));
        LoaderOptions other = training(2);
        other.seed = 10;
        Loader reseeded(folder.clips(), small(Sampling::train), other);
        const auto first = epoch_of(loader, 0), second = epoch_of(loader, 1);
        CHECK_FALSE(same(first, second));
        CHECK_FALSE(same(first, epoch_of(reseeded, 0)));
        std::vector<std::int64_t> order;
        for (const Batch& batch : first) {
            order.insert(order.end(), batch.clips.begin(), batch.clips.end());
        }
        CHECK(std::set<std::int64_t>(order.begin(), order.end()).size() == 7);
        CHECK(order.size() == 7);
        CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
        // Unshuffled, the same clip is still augmented anew in each epoch.
        other.order = Order::listed;
        Loader unshuffled(folder.clips(), small(Sampling::train), other);
        const auto a = epoch_of(unshuffled, 0), b = epoch_of(unshuffled, 1);
        CHECK(a[0].clips == b[0].clips);
        CHECK_FALSE(same(a[0], b[0]));
    }

    TEST_CASE("an epoch can begin at any of its batches") {
        Folder folder;
        for (const Order order : {Order::shuffled, Order::balanced}) {
            LoaderOptions options = training(3);
            options.order = order;
            Loader loader(folder.clips(), small(Sampling::train), options);
            const auto whole = epoch_of(loader, 4);
            options.workers = 2;
            for (std::int64_t first = 0; first <= 4; ++first) {
                Loader resumed(folder.clips(), small(Sampling::train), options);
                CHECK(same(epoch_of(resumed, 4, first), {whole.begin() + first, whole.end()}));
            }
            CHECK(contains(error_of([&] { loader.start(0, 5); }), {"batch 5", "4"}));
        }
    }

    TEST_CASE("balanced: a clip drawn again in an epoch is augmented anew") {
        Folder folder;
        auto clips = folder.clips();
        clips.resize(4);  // of label 1 there is one clip, and it must come twice in some epoch
        clips[2].label = 0;
        LoaderOptions options = training(2);
        options.order = Order::balanced;
        Loader loader(clips, small(Sampling::train), options);
        int again = 0;
        for (std::int64_t epoch = 0; epoch < 6; ++epoch) {
            std::vector<std::vector<float>> seen;
            for (const Batch& batch : epoch_of(loader, epoch)) {
                const std::int64_t size =
                    batch.tensors.frames.numel() / batch.tensors.frames.dim(0);
                for (std::size_t row = 0; row < batch.clips.size(); ++row) {
                    CHECK(batch.labels.data<std::int64_t>()[row] == clips[batch.clips[row]].label);
                    if (batch.clips[row] != 1) continue;
                    const float* frames = batch.tensors.frames.data<float>() + row * size;
                    const std::vector<float> pixels(frames, frames + size);
                    for (const auto& earlier : seen) CHECK(earlier != pixels);
                    again += !seen.empty();
                    seen.push_back(pixels);
                }
            }
        }
        CHECK(again > 3);
    }

    TEST_CASE("a single clip left over is dropped on request, unless it is all there is") {
        Folder folder;
        LoaderOptions options{.batch_size = 3, .drop_last_single = true};
        auto clips = folder.clips();
        const auto count = [&](std::int64_t batch_size, bool drop) {
            return Loader(clips, small(Sampling::test),
                          {.batch_size = batch_size, .drop_last_single = drop})
                .batches();
        };
        CHECK(count(3, true) == 2);
        CHECK(count(3, false) == 3);
        CHECK(count(4, true) == 2);
        CHECK(count(1, true) == 7);
        CHECK(count(9, true) == 1);
        Loader loader(clips, small(Sampling::test), options);
        CHECK(epoch_of(loader, 0).size() == 2);
        clips.resize(1);
        CHECK(count(3, true) == 1);
    }

    TEST_CASE("what a worker stumbles over reaches the caller, at its batch") {
        Folder folder;
        const auto clips = folder.clips();
        write(clips[3].files.frame(0), "broken");
        write(clips[2].files.frame(0), "broken");
        Loader loader(clips, small(Sampling::test), {.batch_size = 2, .workers = 4, .ahead = 3});
        loader.start(0);
        CHECK(loader.next());
        CHECK(contains(error_of([&] { loader.next(); }), {"clip2", "cannot decode"}));
        CHECK_FALSE(loader.next());
        // The loader is not spoilt.
        for (const std::int64_t i : {2, 3}) {
            write_image(clips[i].files.frame(0), random_image(36, 30, 1));
        }
        CHECK(epoch_of(loader, 0).size() == 4);
    }

    TEST_CASE("leaving in the middle of an epoch is clean") {
        Folder folder;
        for (int i = 0; i < 20; ++i) {
            Loader loader(folder.clips(), small(Sampling::train), training(4, 4));
            loader.start(i);
            if (i % 2) CHECK(loader.next());
            if (i % 3 == 0) loader.start(i + 1);
        }
    }

    TEST_CASE("options that make no sense") {
        Folder folder;
        const auto error = [&](LoaderOptions options) {
            return error_of([&] { Loader(folder.clips(), small(Sampling::test), options); });
        };
        CHECK(contains(error({.batch_size = 0}), {"batch size"}));
        CHECK(contains(error({.workers = 0}), {"workers"}));
        CHECK(contains(error({.ahead = 0}), {"ahead"}));
        CHECK(contains(error_of([&] { Loader({}, small(Sampling::test), {}); }), {"no clip"}));
    }
}

}  // namespace mdn::test
