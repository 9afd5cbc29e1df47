/**
 * Clarifai as its server sees itself.
 *
 * - limit and refusal: https://docs.clarifai.com/api-guide/api-overview/rate-limits, read on 2026-11-22
 * - codes: https://docs.clarifai.com/api-guide/advanced-topics/status-codes, read on 2026-11-22
 * - shapes of answers: https://github.com/Clarifai/clarifai-python-grpc (proto), read on 2026-11-22
 *
 * Not published, and so chosen here: a refusal has the HTTP status 429 (as Clarifai's own clients test it), a key has its
 * own second, the most items a page is 1000, and the ids of what is listed.
 */
import * as Quota from "@sluice/core/Quota"
import type { Context, Request, Response, Simulation } from "@sluice/core/Simulation"

const inputs = 300
const concepts = 200
const first = Date.UTC(2026, 9, 1)
const user_id = "acme"
const app_id = "shop"

const hex = (value: number, length: number) => value.toString(16).padStart(length, "0")
const requestId = ({ sequence }: Context) => hex(sequence, 32)
const iso = (millis: number) => new Date(millis).toISOString()

const answer = (context: Context, body: object): Response => ({
  status: 200,
  body: { status: { code: 10000, description: "Ok", req_id: requestId(context) }, ...body }
})

const failure = (
  context: Context,
  status: number,
  code: number | string,
  description: string,
  details: string
): Response => ({ status, body: { status: { code, description, details, req_id: requestId(context) } } })

const invalid = (context: Context, details: string) => failure(context, 400, 11102, "Invalid request", details)

const types: ReadonlyArray<readonly [id: string, title: string, input: string, output: string, trainable: boolean]> = [
  ["visual-classifier", "Visual Classifier", "image", "concepts", true],
  ["visual-detector", "Visual Detector", "image", "regions[...].data.concepts", true],
  ["visual-segmenter", "Visual Segmenter", "image", "regions[...].region_info.mask", true],
  ["visual-embedder", "Visual Embedder", "image", "embeddings", true],
  ["visual-anomaly-heatmap", "Visual Anomaly", "image", "heatmaps", true],
  ["embedding-classifier", "Transfer Learn", "embeddings", "concepts", true],
  ["clusterer", "Clusterer", "embeddings", "clusters", true],
  ["text-classifier", "Text Classifier", "text", "concepts", true],
  ["text-embedder", "Text Embedder", "text", "embeddings", true],
  ["text-token-classifier", "Text Token Classifier", "text", "regions[...].data.concepts", true],
  ["text-to-text", "Text To Text", "text", "text", true],
  ["text-to-image", "Text To Image", "text", "image", true],
  ["text-to-audio", "Text To Audio", "text", "audio", false],
  ["image-to-text", "Image To Text", "image", "text", false],
  ["multimodal-to-text", "Multimodal To Text", "image", "text", false],
  ["audio-to-text", "Audio To Text", "audio", "text", false],
  ["audio-classifier", "Audio Classifier", "audio", "concepts", false],
  ["concept-thresholder", "Concept Thresholder", "concepts", "concepts", false],
  ["image-crop", "Image Cropper", "image", "regions[...].data.image", false],
  ["rag-prompter", "RAG Prompter", "text", "text", false]
]

const models = ["general-image-recognition", "food-item-recognition", "color-recognition", "moderation-recognition"]

const modelTypes = types.map(([id, title, input, output, trainable]) => ({
  id,
  title,
  description: `${title}: from ${input} to ${output}.`,
  input_fields: [input],
  output_fields: [output],
  trainable,
  creatable: true,
  internal_only: false,
  model_type_fields: [],
  requires_sequential_frames: false,
  expected_input_layers: [],
  expected_output_layers: [],
  evaluation_type: trainable ? "Classification" : "UndefinedEvaluationType"
}))

const input = (index: number) => ({
  id: hex(index, 32),
  data: { image: { url: `https://example.com/${index}.jpg` } },
  created_at: iso(first + index * 60_000),
  modified_at: iso(first + index * 60_000),
  status: { code: 30000, description: "Download complete" }
})

const concept = (index: number) => ({
  id: `ai_${hex(index, 8)}`,
  name: `concept ${index}`,
  value: 1,
  created_at: iso(first + index * 60_000),
  language: "en",
  app_id,
  user_id
})

const list = (
  request: Request,
  context: Context,
  name: string,
  total: number,
  item: (index: number) => unknown,
  more: object = {}
): Response => {
  const page = Number(request.query.get("page") ?? 1)
  const perPage = Number(request.query.get("per_page") ?? 128)
  if (!Number.isInteger(page) || page < 1 || !Number.isInteger(perPage) || perPage < 1 || perPage > 1000) {
    return invalid(context, "page is 1 or more, per_page 1 to 1000.")
  }
  const from = (page - 1) * perPage
  const length = Math.max(0, Math.min(perPage, total - from))
  return answer(context, { [name]: Array.from({ length }, (_, i) => item(from + i)), ...more })
}

const listModelTypes = (request: Request, context: Context) =>
  list(request, context, "model_types", modelTypes.length, (index) => modelTypes[index], {
    model_importers: [],
    triton_conda_envs_info: []
  })

const listOf = (text: string): ReadonlyArray<unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    const found: unknown = typeof value === "object" && value !== null && "inputs" in value ? value.inputs : undefined
    return Array.isArray(found) ? found : undefined
  } catch {
    return undefined
  }
}

const predict = (request: Request, model: string, context: Context): Response => {
  const given = listOf(request.body)
  if (given === undefined) return failure(context, 400, 11100, "Bad request format", "inputs is not a list.")
  if (given.length < 1 || given.length > 128) return invalid(context, "inputs has 1 to 128 items.")
  if (!models.includes(model)) {
    return failure(context, 404, 21200, "Model does not exist", `Model '${model}' not found.`)
  }
  const outputs = given.map((one, index) => ({
    id: hex(context.sequence * 128 + index, 32),
    status: { code: 10000, description: "Ok" },
    created_at: iso(context.nowMillis),
    model: { id: model, user_id, app_id },
    input: one,
    data: { concepts: [0, 1, 2].map((rank) => ({ ...concept(rank), value: 0.99 - rank / 10 })) }
  }))
  return answer(context, { outputs })
}

const serverWith = (requests: Quota.Quota): Simulation => ({
  id: "clarifai",
  baseUrl: "https://api.clarifai.com",
  quotas: { requests },
  intercept: ({ headers }, context) =>
    /^Key \S+$/i.test(headers["authorization"] ?? "")
      ? undefined
      : failure(context, 401, 11009, "API key not found", "No key was provided."),
  meters: ({ headers }, { requests: quota }) => (quota ? [{ quota, key: headers["authorization"] ?? "" }] : []),
  headers: () => ({}),
  refuse: ([refused], _request, context) =>
    failure(
      context,
      429,
      "CONN_THROTTLED",
      "Making too many requests",
      `exceeded limit of ${refused?.limit ?? requests.limit} requests per second`
    ),
  routes: [
    {
      method: "GET",
      path: "/v2/models/types",
      handle: (request, _params, context) => listModelTypes(request, context)
    },
    {
      method: "GET",
      path: "/v2/users/:user/apps/:app/models/types",
      handle: (request, _params, context) => listModelTypes(request, context)
    },
    {
      method: "POST",
      path: "/v2/models/:id/outputs",
      handle: (request, { id = "" }, context) => predict(request, id, context)
    },
    {
      method: "GET",
      path: "/v2/inputs",
      handle: (request, _params, context) => list(request, context, "inputs", inputs, input)
    },
    {
      method: "GET",
      path: "/v2/concepts",
      handle: (request, _params, context) => list(request, context, "concepts", concepts, concept)
    }
  ]
})

/** Clarifai's server: model types, predictions, inputs and concepts; each key may send 15 requests in any second. */
export const simulation: Simulation = serverWith(Quota.rolling(15, "1 second", { name: "requests" }))

/**
 * The same where a server that has refused "halts processing additional requests until a designated time interval has
 * elapsed": 15 seconds, and anew with each request that it refuses meanwhile.
 */
export const simulationPenalty: Simulation = serverWith(
  Quota.rolling(15, "1 second", { name: "requests", penalty: "15 seconds" })
)
