// The compiled engine as an object of functions: files go in as bytes, requests as JSON, and tensors
// come out as arrays (Playground in playground.h).
"use strict";

const Engine = {
  // Compiles it; a page may call nothing else before.
  async start() {
    Engine.compiled = await PlaygroundEngine({ wasmBinary: Engine.decoded(Page.data.engine) });
  },

  // Asks one thing, with the bytes that it is about.
  call(request, bytes) {
    const { compiled } = Engine;
    if (bytes) {
      const place = compiled.ccall("playground_buffer", "number", ["number"], [bytes.length]);
      compiled.HEAPU8.set(bytes, place);
    }
    const reply = JSON.parse(compiled.ccall("playground_call", "string", ["string"], [JSON.stringify(request)]));
    if (reply.error) throw new Error(reply.error + (reply.hint ? " (" + reply.hint + ")" : ""));
    return reply;
  },

  // {model, classes, config} of a safetensors file.
  openModel: (name, bytes) => Engine.call({ do: "open model", name }, bytes),

  // The number of a clip, from the JPEG files of its frames.
  openClip(model, { name, frames, boxes }) {
    const files = frames.map(Engine.decoded), all = new Uint8Array(files.reduce((sum, f) => sum + f.length, 0));
    let at = 0;
    for (const file of files) { all.set(file, at); at += file.length; }
    return Engine.call({ do: "open clip", model, name, sizes: files.map((f) => f.length), boxes }, all).clip;
  },

  // {milliseconds, backbone_ran, shapes: {name: […]}, and under each tensor's name its numbers}. The
  // numbers are copies: the engine's own memory moves when it grows.
  answer(scene) {
    const reply = Engine.call({ do: "answer", ...scene });
    const { buffer } = Engine.compiled.HEAPU8, result = { milliseconds: reply.milliseconds, backbone_ran: reply.backbone_ran, shapes: {} };
    for (const [name, { shape, type, address }] of Object.entries(reply.tensors)) {
      const count = shape.reduce((a, b) => a * b, 1);
      result.shapes[name] = shape;
      result[name] = (type === "u8" ? new Uint8ClampedArray(buffer, address, count) : new Float32Array(buffer, address, count)).slice();
    }
    return result;
  },

  decoded(base64) {
    const text = atob(base64), bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; ++i) bytes[i] = text.charCodeAt(i);
    return bytes;
  },
};
