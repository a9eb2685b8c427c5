// Asks before time is up.
const dialog = document.querySelector('dialog')
const [idleText, lastText, rest, failed, stay, form] = dialog.querySelectorAll(
  '[data-until], strong, [role], button, form',
)
const { idle, left } = dialog.dataset
// By the clock: timers stand still while a laptop sleeps.
const end = Date.now() + left * 1000
let idleEnd = Infinity
let over = 0
let isTold

// One tab keeps all alive, so each tells when it was loaded or prolonged.
const tabs = new BroadcastChannel(form.action)
const seen = (at) => {
  if (at < idleEnd) idleEnd = at + idle * 1000
  failed.hidden = true
  dialog.close()
}
tabs.onmessage = ({ data }) => seen(data)
seen(Date.now())
tabs.postMessage(Date.now())

const look = () => {
  const now = Date.now()
  const minutes = Math.ceil((Math.min(idleEnd, end) - now) / 60_000)
  // Not at once: what a sleeping tab was told may come late.
  over = minutes < 1 ? over + 1 : 0
  if (over === 2) location.reload()
  if (over || minutes > 2) return
  const isLast = end - now <= 120_000
  idleText.hidden = isLast
  lastText.hidden = !isLast
  if (rest.textContent !== `${minutes}`) rest.textContent = minutes
  // What cannot be prolonged is said once.
  if (!dialog.open && !isTold) dialog.showModal()
  isTold = isLast
}
setInterval(look, 1000)
document.onvisibilitychange = look

// No reload: what was typed stays.
stay.onclick = dialog.oncancel = async () => {
  const at = Date.now()
  const before = idleEnd
  seen(at)
  const body = new URLSearchParams(new FormData(form))
  const sent = { method: 'POST', body, redirect: 'manual' }
  const { status } = await fetch(new URL('keep-alive', form.action), sent).catch(() => ({ status: 503 }))
  if (status === 204) tabs.postMessage(at)
  // Led elsewhere or refused: the page is of no use any more.
  else if (status < 429) location.reload()
  // Nobody was there to answer, so it is asked again.
  else {
    idleEnd = before
    failed.hidden = false
  }
}
