/**
 * What the modules of the script share: arithmetic by short names, classes, and modules that are built when first needed.
 *
 * Redis runs the whole text at each call, so that a module that a call does not need costs nothing but its name.
 */
export const prelude = /* lua */ `
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
