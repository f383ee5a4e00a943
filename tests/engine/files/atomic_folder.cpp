#include "engine/files/atomic_folder.h"

#include <cerrno>

#include "tests/data/temporary_dataset.h"
#include "tests/failing_calls.h"

namespace mdn::test {

namespace fs = std::filesystem;

TEST_SUITE("engine/files/atomic_folder") {
    TEST_CASE("a folder appears when it is committed, and not before") {
        TemporaryFolder folder;
        const std::string path = (folder / "a/b").string();
        {
            AtomicFolder writer(path, ".json", false);
            writer.write("1.json", "one");
            CHECK_FALSE(fs::exists(path));
        }
        CHECK(fs::is_empty(folder / "a"));
        {
            AtomicFolder writer(path, ".json", false);
            writer.write("1.json", "one");
            writer.commit();
        }
        CHECK(fs::file_size(path + "/1.json") == 3);
        CHECK(contains(error_of([&] { AtomicFolder(path, ".json", false); }),
                       {path, "exists already", "--overwrite"}));
        {
            AtomicFolder writer(path, ".json", true);
            writer.write("2.json", "two!");
            CHECK(fs::exists(path + "/1.json"));
            writer.commit();
        }
        CHECK_FALSE(fs::exists(path + "/1.json"));
        CHECK(fs::file_size(path + "/2.json") == 4);
        CHECK(std::distance(fs::directory_iterator(folder / "a"), fs::directory_iterator()) == 1);
    }

    TEST_CASE("what is not its own is never removed") {
        TemporaryFolder folder;
        write(folder / "a/notes.txt", "mine");
        CHECK(contains(error_of([&] { AtomicFolder((folder / "a").string(), ".json", true); }),
                       {"notes.txt", "never removed"}));
        write(folder / "b/1.json/x", "mine");
        CHECK(contains(error_of([&] { AtomicFolder((folder / "b").string(), ".json", true); }),
                       {"1.json"}));
        write(folder / "c", "mine");
        CHECK(contains(error_of([&] { AtomicFolder((folder / "c").string(), ".json", true); }),
                       {"in the way"}));
        // What a killed writer left is taken away, a stranger's folder of that name is not.
        write(folder / "d.partial-1/1.json", "old");
        AtomicFolder((folder / "d").string(), ".json", false);
        CHECK_FALSE(fs::exists(folder / "d.partial-1"));
        write(folder / "d.partial-1/x", "mine");
        AtomicFolder((folder / "d").string(), ".json", false);
        CHECK(fs::exists(folder / "d.partial-1/x"));
        CHECK_FALSE(fs::exists(folder / "d.partial-2"));
    }

    TEST_CASE("of several writers of a folder each has one of its own, and one writes all of it") {
        TemporaryFolder folder;
        const std::string path = (folder / "a").string();
        AtomicFolder first(path, ".json", false), second(path, ".json", false),
            third(path, ".json", true);
        first.write("1.json", "1");
        second.write("2.json", "2");
        third.write("3.json", "3");
        second.commit();
        CHECK(contains(error_of([&] { first.commit(); }), {path, "exists already"}));
        CHECK(fs::exists(path + "/2.json"));
        CHECK_FALSE(fs::exists(path + "/1.json"));
        third.commit();
        CHECK(fs::exists(path + "/3.json"));
        CHECK_FALSE(fs::exists(path + "/2.json"));
        CHECK_FALSE(fs::exists(path + ".partial-3"));
        // Whatever lies there by then, it is not removed.
        AtomicFolder late(path, ".json", true);
        late.write("4.json", "4");
        write(path + "/notes.txt", "mine");
        CHECK(contains(error_of([&] { late.commit(); }), {"notes.txt", "never removed"}));
        CHECK(fs::exists(path + "/notes.txt"));
    }

    TEST_CASE("a folder whose files do not reach the disk does not appear") {
        TemporaryFolder folder;
        const std::string path = (folder / "a").string();
        {
            AtomicFolder writer(path, ".json", false);
            writer.write("1.json", "1");
            const FailingCall fails(Call::syncfs, EIO);
            CHECK(contains(error_of([&] { writer.commit(); }), {path, "Input/output error"}));
        }
        {
            AtomicFolder writer(path, ".json", false);
            const FailingCall fails(Call::close, EDQUOT);
            CHECK(contains(error_of([&] { writer.write("1.json", "1"); }),
                           {path, "1.json", "Disk quota exceeded"}));
        }
        CHECK(fs::is_empty(folder.path()));
    }

    TEST_CASE("many are committed together") {
        TemporaryFolder folder;
        std::vector<std::unique_ptr<AtomicFolder>> writers;
        for (const char* name : {"a", "b", "c"}) {
            writers.push_back(
                std::make_unique<AtomicFolder>((folder / name).string(), ".json", false));
            writers.back()->write("1.json", name);
        }
        AtomicFolder::commit_all(writers);
        for (const char* name : {"a", "b", "c"}) CHECK(fs::exists(folder / name / "1.json"));
    }
}

}  // namespace mdn::test
