// A COCO annotation file with keypoints,
//   {"images": [{"id": 7, "file_name": "walk/00001.jpg", "width": W, "height": H}, …],
//    "annotations": [{"image_id": 7, "category_id": 1, "keypoints": [x, y, v, …], …}, …],
//    "categories": [{"id": 1, "name": "person", "keypoints": ["nose", "left_eye", …], …}, …]}
// in pixels, with the joints in the order of the category's names, where it has names. v is no
// confidence: 0 not labelled, 1 labelled but hidden, 2 visible; it becomes 0, 0.5 and 1. (COCO's
// results, a list without images, are read by alphapose.cpp: the forms are the same.)
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <unordered_map>

#include "data/keypoints/formats/json_format.h"
#include "data/keypoints/formats/listed_person.h"
#include "engine/error.h"

namespace mdn {

namespace {

using Names = std::unordered_map<std::string, std::string>;  // file_name by id

/// The names of joints that the file's categories give. They are read from the text when they are
/// needed: a file may have any number of categories.
class CategoryNames {
  public:
    CategoryNames(const JsonCursor& root, std::string where) : where_(std::move(where)) {
        JsonCursor cursor = root;
        if (!cursor.enter("categories") || !cursor.next_is(JsonCursor::Kind::array)) return;
        cursor.array("`categories`", [&](std::size_t i) {
            const JsonCursor begin = cursor;
            JsonCursor id = cursor, names = cursor;
            if (!id.enter("id")) begin.fail("category " + std::to_string(i) + " has no `id`");
            const std::string read_id = read_identity(id, "id");
            const bool has_names =
                names.enter("keypoints") && names.next_is(JsonCursor::Kind::array);
            if (!names_.emplace(read_id, has_names ? std::optional(names) : std::nullopt).second)
                begin.fail("two categories have the `id` " + read_id);
            cursor.skip();
        });
    }

    /// Tells the builder those of the annotation's category. An annotation that does not say its
    /// category is of the only one.
    void tell(PersonBuilder& builder, const JsonCursor& annotation) {
        const std::string category = category_of(annotation);
        if (category == told_) return;
        told_ = category;
        JointNames names;
        if (const auto found = names_.find(category); found != names_.end() && found->second) {
            JsonCursor cursor = *found->second;
            cursor.array("`keypoints`", [&](std::size_t place) {
                if (place >= most_keypoint_numbers)
                    cursor.fail("`keypoints` names too many joints");
                names[place] = cursor.string("a joint's name").substr(0, 100);
            });
        }
        builder.set_joint_names(std::move(names), where_ + ": category " + category);
    }

  private:
    std::string category_of(const JsonCursor& annotation) const {
        if (names_.empty()) return "";
        JsonCursor cursor = annotation;
        if (cursor.enter("category_id")) {
            std::string id = read_identity(cursor, "category_id");
            if (!names_.contains(id))
                annotation.fail("`category_id` '" + id + "' is that of no category");
            return id;
        }
        if (names_.size() == 1) return names_.begin()->first;
        annotation.fail("an annotation with `keypoints` has no `category_id`, and there are " +
                        std::to_string(names_.size()) + " categories");
    }

    const std::string where_;
    std::map<std::string, std::optional<JsonCursor>> names_;  // by id, before the list
    std::optional<std::string> told_;
};

void read_image(JsonCursor& cursor, const std::string& where, ImageFrames& frames, Names& names) {
    const JsonCursor begin = cursor;
    std::string id, name;
    FrameSize size{0, 0};
    const auto side = [&](std::int64_t& into) {
        const double value = cursor.number("a picture's size");
        if (value >= 1 && value <= 1e6) into = std::llround(value);
    };
    cursor.object(where, [&](const std::string& key) {
        if (key == "id")
            id = read_identity(cursor, key);
        else if (key == "file_name")
            name = cursor.string("`file_name`");
        else if (key == "width")
            side(size.width);
        else if (key == "height")
            side(size.height);
        else
            cursor.skip();
    });
    if (id.empty() || name.empty()) begin.fail("an image has no `id` and `file_name`");
    if (!names.emplace(id, name).second) begin.fail("two images have the `id` " + id);
    FoundFrame& frame = frames.at(name, where);
    if (size.width > 0 && size.height > 0) frame.picture = size;
}

void read_annotation(JsonCursor& cursor, PersonBuilder& builder, const std::string& where,
                     ImageFrames& frames, const Names& names, CategoryNames& categories) {
    const JsonCursor begin = cursor;
    ListedPerson person = read_listed_person(cursor, where);
    if (person.joints.empty()) return;  // an object of another kind, or a crowd
    const auto image = names.find(person.image);
    if (image == names.end()) begin.fail("`image_id` '" + person.image + "' is that of no image");
    bool labelled = false;
    for (std::size_t i = 2; i < person.joints.size(); i += 3) {
        double& visible = person.joints[i];
        visible = std::clamp(visible / 2, 0.0, 1.0);
        labelled |= visible > 0;
    }
    if (!labelled) return;
    categories.tell(builder, begin);
    frames.at(image->second, where).people.push_back(builder.build(person.joints, [&] {
        return where + ": `keypoints`";
    }));
}

}  // namespace

const JsonFormat coco_annotations = {
    .name = "COCO annotations: {images, annotations}",
    .numbering = "the number in file_name",
    .holds = FileHolds::pictures,
    .lists_all = true,
    .counts_videos_from_zero = false,
    .recognise =
        [](const JsonCursor& root) {
            JsonCursor images = root, annotations = root;
            return images.enter("images") && annotations.enter("annotations");
        },
    .read_pictures =
        [](JsonCursor& root, PersonBuilder& builder, const std::string& where,
           ImageFrames& frames) {
            // Whichever of the two lists stands first, the images are needed first.
            Names names;
            CategoryNames categories(root, where);
            JsonCursor images = root, annotations = root;
            images.enter("images");
            images.array("`images`", [&](std::size_t i) {
                read_image(images, where + ": image " + std::to_string(i), frames, names);
            });
            annotations.enter("annotations");
            annotations.array("`annotations`", [&](std::size_t i) {
                read_annotation(annotations, builder, where + ": annotation " + std::to_string(i),
                                frames, names, categories);
            });
            root.skip();
        }};

}  // namespace mdn
