/**
 * What the modules of the script share: arithmetic by short names, classes, and modules that are built when first needed.
 *
 * Where the text is evaluated, Redis runs all of it at each call, so that a module that a call does not need costs nothing but
 * its name. Where it is a library, what is made lasts; it may only depend on texts that Redis or the call gives.
 */
export const prelude = /* lua */ `
-- In a library, each look for a global is a call.
local redis, cjson, cmsgpack, struct, string, table = redis, cjson, cmsgpack, struct, string, table
local ipairs, next, pairs, setmetatable, tonumber, type, unpack = ipairs, next, pairs, setmetatable, tonumber, type, unpack
local huge, floor, ceil, max, min = math.huge, math.floor, math.ceil, math.max, math.min

local modules, built = {}, {}
local function need(name)
  if not built[name] then built[name] = modules[name]() end
  return built[name]
end

-- Methods are given all at once: a table that knows its size is built without growing.
local function class(methods, parent)
  methods.__index = methods
  return setmetatable(methods, parent)
end

-- What is made of texts that come again: so many of them are kept. What is made is shared, and must not be changed.
local mostKept = 512
local function memoised(make)
  local made, count = {}, 0
  return function(text)
    local value = made[text]
    if value then return value end
    if count == mostKept then made, count = {}, 0 end
    made[text], count = make(text), count + 1
    return made[text]
  end
end
local decoded = memoised(cjson.decode)

-- Objects as Redis keeps them, by their keys. One is taken off the shelf to be changed, if it is still what the saved text
-- says, and is put back with the text that was saved: whatever goes wrong between leaves nothing on the shelf.
local function shelf()
  local objects, texts, count = {}, {}, 0
  local function take(key, saved)
    local object, text = objects[key], texts[key]
    if not object then return nil end
    objects[key], texts[key], count = nil, nil, count - 1
    return text == saved and object or nil
  end
  local function put(key, saved, object)
    if count == mostKept then objects, texts, count = {}, {}, 0 end
    if not objects[key] then count = count + 1 end
    objects[key], texts[key] = object, saved
  end
  return take, put
end

local function exact(number)
  return string.format("%.17g", number)
end

local function whole(number)
  return string.format("%.0f", number)
end
`

/** A module of the script: a text of Lua that returns what others get by need. */
export const luaModule = (name: string, text: string): string => `modules.${name} = function()${text}end\n`

/**
 * Two functions for objects that Redis keeps as the values of their fields: `nameOf` makes one, with room for fields that
 * are not kept, and `nameValues` gives what is kept. Written out, as tables that grow field by field cost more than all else.
 */
export const record = (name: string, kept: string, room = ""): string => {
  const fields = kept.split(" ")
  const given = fields.map((field, i) => `${field} = values[${i + 1}]`)
  return `
local function ${name}Of(values)
  return { ${[
    ...given,
    ...room
      .split(" ")
      .filter(Boolean)
      .map((field) => `${field} = false`)
  ].join(", ")} }
end

local function ${name}Values(object)
  return { ${fields.map((field) => `object.${field}`).join(", ")} }
end
`
}

/**
 * The same for objects that are saved at each call, as bytes: `nameBytes` and `nameFrom`. All fields are doubles, but for the last
 * where it is a text (`slots:s`).
 */
export const packed = (name: string, kept: string, room = ""): string => {
  const fields = kept.replace(":s", "").split(" ")
  const form = `<${"d".repeat(fields.length - 1)}${kept.endsWith(":s") ? "s" : "d"}`
  const locals = fields.map((_, i) => `v${i + 1}`)
  return `
${record(name, fields.join(" "), room)}
local function ${name}From(bytes)
  local ${locals.join(", ")} = struct.unpack("${form}", bytes)
  return { ${[...fields, ...room.split(" ").filter(Boolean)].map((field, i) => `${field} = ${locals[i] ?? "false"}`).join(", ")} }
end

local function ${name}Bytes(object)
  return struct.pack("${form}", ${fields.map((field) => `object.${field}`).join(", ")})
end
`
}
