// What script adds to pages that work without it: choose all, focus on errors, one submit, fresh pages after Back.
;(() => {
  const errors = document.getElementById('errors')
  if (errors) errors.focus()

  const head = document.querySelector('[data-choose-all]')
  const boxes = [...document.querySelectorAll('input[name="rows"]')]
  if (head && boxes.length > 0) {
    const all = document.createElement('input')
    all.type = 'checkbox'
    all.setAttribute('aria-label', head.dataset.chooseAll)
    const show = () => {
      const ticked = boxes.filter((box) => box.checked).length
      all.checked = ticked === boxes.length
      all.indeterminate = ticked > 0 && ticked < boxes.length
    }
    all.addEventListener('change', () => {
      for (const box of boxes) box.checked = all.checked
    })
    for (const box of boxes) box.addEventListener('change', show)
    head.append(' ', all)
    show()
    for (const pin of document.querySelectorAll('[data-ticks]')) {
      pin.addEventListener('input', () => {
        const box = document.getElementById(pin.dataset.ticks)
        if (pin.value !== '') box.checked = true
        show()
      })
    }
  }

  for (const form of document.forms) {
    form.addEventListener('submit', (event) => {
      if (form.dataset.sent) event.preventDefault()
      form.dataset.sent = 'yes'
    })
  }

  // A page out of the back-forward cache is older than the journey: ask the server which screen is due.
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) window.location.reload()
  })
})()
