// Which classes a model's outputs stand for: those whose names its checkpoint holds, in their
// order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/files/safetensors.h"

namespace mdn {

/// The names of the classes that weights were trained on, a name per output of the model; none if
/// the file holds none, as after `import` of another project's.
std::vector<std::string> trained_classes(const SafetensorsFile& weights);

/// The same names as a checkpoint's metadata hold them, a line each.
std::string classes_text(const std::vector<std::string>& names);

/// How the classes of a dataset differ from those that weights were trained on, as a sentence that
/// names the first; empty if no class does, or the weights hold no names. `names` are the
/// dataset's.
std::string class_difference(const SafetensorsFile& weights, const std::vector<std::string>& names,
                             const std::string& dataset);

/// Returns what class_difference() does. Throws Error if a class of the dataset has a name that the
/// weights have for another output: numbers would be counted for the wrong class. Other new names
/// are taken for new names of the same classes.
std::string check_classes(const SafetensorsFile& weights, const std::vector<std::string>& names,
                          const std::string& dataset);

/// For weights that training starts from: throws Error if they were trained on another number of
/// classes than the dataset's. Without it, only the shape of the classifier would be said to
/// differ.
void check_same_count(const SafetensorsFile& weights, int64_t classes, const std::string& dataset);

}  // namespace mdn
