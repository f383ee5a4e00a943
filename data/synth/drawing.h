// Draws the room and the figure in it.
#pragma once

#include "data/synth/canvas.h"
#include "data/synth/pose.h"

namespace mdn::synth {

/// The empty room: a textured wall, a skirting board and the floor. `random` moves the light and
/// the texture a little, so that two clips of one room differ.
void draw_room(Canvas& canvas, const Room& room, Random& random);

/// The seat and the person on it.
void draw_figure(Canvas& canvas, const Camera& camera, const Subject& subject,
                 const Figure& figure);

/// `canvas` as [size, size, 3] bytes, with the noise of a sensor: normal, of `deviation` grey
/// levels, drawn from `random`.
std::vector<uint8_t> expose(Canvas& canvas, double deviation, Random& random);

}  // namespace mdn::synth
