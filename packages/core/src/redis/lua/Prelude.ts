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

local function class(parent)
  local new = setmetatable({}, parent)
  new.__index = new
  return new
end

-- Objects are kept in Redis as the values of their fields, in order.
local function restore(object, fields, values)
  for i = 1, #fields do object[fields[i]] = values[i] end
  return object
end

local function valuesOf(object, fields)
  local values = {}
  for i = 1, #fields do values[i] = object[fields[i]] end
  return values
end

local function exact(number)
  return string.format("%.17g", number)
end

local function whole(number)
  return string.format("%.0f", number)
end
`

/** A module of the script: a text of Lua that returns what others get by \`need\`. */
export const luaModule = (name: string, text: string): string => `modules.${name} = function()${text}end\n`
