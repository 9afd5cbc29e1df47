/** What the page does. Whatever comes from a ticket is set as text, never as markup. */
export const script = `
"use strict"
const at = location.pathname.replace(/\\/+$/, "")
const $ = (id) => document.getElementById(id)
const make = (name, text, of = {}) => Object.assign(document.createElement(name), text == null ? {} : { textContent: text }, of)
const form = $("form"), rows = $("rows"), asked = new URLSearchParams(location.search)
const before = []
let next = null, turn = 0
for (const name of ["search", "state"]) if (asked.has(name)) form.elements[name].value = asked.get(name)
if (!form.elements.state.value) form.elements.state.value = "open"
let after = 0

const ask = async (path, init) => {
  const response = await fetch(at + path, init)
  const body = await response.json().catch(() => ({ error: "The server answered " + response.status }))
  if (!response.ok) throw new Error(body.error)
  return body
}
const say = (text) => { $("said").textContent = text }

const near = (iso) => {
  const s = Math.round((new Date(iso) - Date.now()) / 1000), n = Math.abs(s)
  const told = n < 100 ? n + " s" : n < 6000 ? Math.round(n / 60) + " min" : n < 172800 ? Math.round(n / 3600) + " h" : Math.round(n / 86400) + " d"
  return s > 0 ? "in about " + told : told + " ago"
}
const time = (iso, said) => make("time", said ?? near(iso), { dateTime: iso, title: new Date(iso).toLocaleString() })
setInterval(() => {
  for (const one of document.querySelectorAll("time")) if (one.dateTime) one.textContent = one.dataset.due && new Date(one.dateTime) < Date.now() ? "any moment" : near(one.dateTime)
}, 1000)
const due = (iso) => {
  const one = time(iso, new Date(iso) < Date.now() ? "any moment" : undefined)
  one.dataset.due = "1"
  return one
}

const act = async (ticket, action, button) => {
  if (action === "cancel" && !confirm("Cancel " + ticket.method + " " + ticket.path + "? It will not be sent.")) return
  button.disabled = true
  try {
    await ask("/tickets/" + encodeURIComponent(ticket.id) + "/" + action, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" })
    say(ticket.id + (action === "cancel" ? " is cancelled." : " is sent again."))
  } catch (error) { say(error.message) }
  load()
}

const whenOf = (ticket) => {
  const cell = make("td")
  if (ticket.behind) cell.append("after ", make("small", ticket.behind))
  else if (ticket.by) cell.append("by ", make("small", ticket.by))
  else if (ticket.expectedAt) cell.append(due(ticket.expectedAt))
  else if (ticket.at) cell.append(time(ticket.at))
  else cell.append("not known")
  return cell
}
const more = { idempotencyKey: "Idempotency key", headers: "Headers", body: "Body", answerHeaders: "Headers of the answer", answerBody: "Body of the answer" }
const fill = (row, ticket) => {
  const text = JSON.stringify(ticket)
  if (row.dataset.was === text) return
  row.dataset.was = text
  const focused = row.contains(document.activeElement) ? document.activeElement.dataset.action : undefined
  const open = row.querySelector("details")?.open
  const call = make("td")
  call.append(make("strong", ticket.method), " ", ticket.path, make("br"), make("small", (ticket.subject == null ? "" : ticket.subject + " \\u00b7 ") + ticket.id))
  const shown = Object.keys(more).filter((name) => ticket[name] !== undefined)
  if (shown.length) {
    const details = make("details", null, { open: !!open })
    details.append(make("summary", "More"))
    for (const name of shown) details.append(make("small", more[name]), make("pre", typeof ticket[name] === "string" ? ticket[name] : JSON.stringify(ticket[name], null, 1)))
    call.append(details)
  }
  const actions = make("td")
  for (const [action, can, label] of [["retry", ticket.canRetry, "Retry"], ["cancel", ticket.canCancel, "Cancel"]]) {
    if (!can) continue
    const button = make("button", label, { type: "button", ariaLabel: label + " " + ticket.method + " " + ticket.path })
    button.dataset.action = action
    button.onclick = () => act(ticket, action, button)
    actions.append(button)
  }
  const state = make("td", ticket.state + (ticket.answered ? " (" + ticket.answered + ")" : ""), { className: ticket.state })
  const tries = ticket.attempts > 1 ? " (" + ticket.attempts + " attempts)" : ""
  row.replaceChildren(state, make("td", ticket.provider), call, whenOf(ticket), make("td", (ticket.why ?? "") + tries), actions)
  if (focused) (actions.querySelector("[data-action=" + focused + "]") ?? actions.querySelector("button") ?? $("rows")).focus()
}

const counted = ({ isMore, providers }) => {
  $("summary").replaceChildren(...providers.map((one) => {
    const item = make("li")
    item.append(make("strong", one.provider), " " + one.waiting + (one.waiting === 1 ? " waits" : " wait"))
    if (one.until) item.append(", the last goes ", due(one.until))
    if (one.sending) item.append(", " + one.sending + " under way")
    if (one.failed) item.append(", ", make("span", one.failed + " failed", { className: "failed" }))
    return item
  }), ...(isMore ? [make("li", "and more: the first five hundred are counted", { className: "soft" })] : []), ...(providers.length ? [] : [make("li", "Nothing waits, and nothing has failed.")]))
  const select = form.elements.provider, chosen = select.value || asked.get("provider") || ""
  const known = new Set([...select.options].map((one) => one.value))
  for (const name of [...providers.map((one) => one.provider), chosen]) if (!known.has(name) && known.add(name)) select.append(make("option", name, { value: name }))
  select.value = chosen
}

const load = async () => {
  const mine = ++turn
  const question = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""))
  // The first time, the providers to choose from are not known yet.
  if (!question.has("provider") && asked.get("provider")) question.set("provider", asked.get("provider"))
  history.replaceState(null, "", question.size ? "?" + question : location.pathname)
  try {
    let page
    for (;;) {
      question.set("after", after)
      page = await ask("/tickets?" + question)
      if (mine !== turn) return
      // A search looks through so many at a time.
      if (page.tickets.length || page.next === null) break
      after = page.next
      $("none").textContent = "Searches on."
    }
    const had = new Map([...rows.children].map((row) => [row.dataset.id, row]))
    page.tickets.forEach((ticket, i) => {
      const row = had.get(ticket.id) ?? make("tr")
      had.delete(ticket.id)
      row.dataset.id = ticket.id
      fill(row, ticket)
      if (rows.children[i] !== row) rows.insertBefore(row, rows.children[i] ?? null)
    })
    for (const row of had.values()) row.remove()
    next = page.next
    $("none").textContent = page.tickets.length ? "" : "No tickets here."
    $("next").disabled = next === null
    $("previous").disabled = before.length === 0
    if ($("live").dataset.lost) live(true)
  } catch (error) { if (mine === turn) say(error.message) }
}

const live = (is) => {
  $("live").textContent = is ? "live" : "not connected: tries again"
  $("live").dataset.lost = is ? "" : "1"
}
const count = () => ask("/summary").then(counted, (error) => say(error.message))
const soon = (act, millis) => {
  let timer
  return () => { timer ??= setTimeout(() => { timer = undefined; if (!document.hidden) act() }, millis) }
}
const loadSoon = soon(load, 400), countSoon = soon(count, 2000)
const changed = () => { loadSoon(); countSoon() }
const events = new EventSource(at + "/changes")
events.onopen = () => { live(true); load(); count() }
events.onerror = () => live(false)
events.onmessage = changed
document.onvisibilitychange = changed
setInterval(changed, 15000)

const anew = () => { asked.delete("provider"); after = 0; before.length = 0; load() }
form.onsubmit = (event) => { event.preventDefault(); anew() }
let typing
form.oninput = () => { clearTimeout(typing); typing = setTimeout(anew, 200) }
$("next").onclick = () => { if (next !== null) { before.push(after); after = next; load() } }
$("previous").onclick = () => { if (before.length) { after = before.pop(); load() } }
document.onkeydown = (event) => {
  if (event.key === "/" && !/INPUT|SELECT/.test(event.target.tagName)) { event.preventDefault(); form.elements.search.focus() }
}
load()
count()
`
