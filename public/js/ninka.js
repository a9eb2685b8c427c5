// What script adds to pages that work without it.
const one = (selector) => document.querySelector(selector)
const every = (selector, within = document) => [...within.querySelectorAll(selector)]
const unfold = (element) => element.closest('details')?.setAttribute('open', '')

// Errors are heard first; a result is read from its title on.
const start = one('#errors') ?? one('main:has([data-start-at-title]) h1')
start?.setAttribute('tabindex', '-1')
start?.focus()

// For the rows of its table or, outside of tables, of its form.
const alls = new Map()
for (const place of every('[data-choose-all]')) {
  const name = place.dataset.chooseAll
  const boxes = every('[name="rows"]', place.closest('table, form'))
  const add = (words, put) => {
    const label = document.createElement('label')
    const all = document.createElement('input')
    all.type = 'checkbox'
    all.setAttribute('aria-label', name)
    label.className = words ? 'choose-all' : 'target'
    label.append(all, words)
    put(label)
    alls.set(all, boxes)
  }
  if (boxes.length < 2) continue
  const head = place.tHead
  // A table may hold rows only.
  add(name, (label) => (head ? place.before(label) : place.append(label)))
  // Style shows one of the two: cards have no head.
  if (head) add('', (label) => head.querySelector('th').append(label))
}
const show = () => {
  for (const [all, boxes] of alls) {
    const { length } = boxes.filter((box) => box.checked)
    all.checked = length === boxes.length
    all.indeterminate = length > 0 && !all.checked
  }
}
show()
document.oninput = ({ target }) => {
  for (const box of alls.get(target) ?? []) {
    box.checked = target.checked
    unfold(box)
  }
  const row = target.value && one(`#${target.dataset.ticks}`)
  if (row) row.checked = true
  show()
}

const press = (button) => {
  const pressed = button.toggleAttribute('data-pressed')
  const field = one('#password')
  // An answer is hidden by style: Japanese is hard to type into password fields.
  if (!field) return
  field.type = pressed ? 'text' : 'password'
  field.autocapitalize = 'none'
}
for (const button of every('button[hidden]')) button.hidden = false
document.onclick = ({ target }) => {
  if (target.closest('[data-print]')) print()
  const toggle = target.closest('.toggle')
  if (toggle) press(toggle)
  // Not every browser does so itself.
  if (target.matches('#errors a')) unfold(one(target.hash))
}

document.onsubmit = (event) => {
  const { dataset } = event.target
  if (dataset.sent) event.preventDefault()
  dataset.sent = 'yes'
  // Who stops a slow page can press again.
  setTimeout(() => delete dataset.sent, 5000)
  // Autofill would keep what is sent as text.
  every('#password + [data-pressed]').forEach(press)
}

// The back-forward cache knows nothing of what happened since.
window.onpageshow = ({ persisted }) => persisted && location.reload()
