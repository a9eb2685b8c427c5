// What script adds to pages that work without it: choose all, focus, one submit, fresh pages after Back.
;(() => {
  // Errors are heard first; after them a result is read from its title, not from the page's top.
  const start =
    document.getElementById('errors') ?? document.querySelector('main:has([data-start-at-title]) h1')
  if (start) {
    start.tabIndex = -1
    start.focus()
  }

  const table = document.querySelector('[data-choose-all]')
  const boxes = [...document.querySelectorAll('input[name="rows"]')]
  if (table && boxes.length > 1) {
    const alls = []
    const show = () => {
      const ticked = boxes.filter((box) => box.checked).length
      for (const all of alls) {
        all.checked = ticked === boxes.length
        all.indeterminate = ticked > 0 && ticked < boxes.length
      }
    }
    // One in the table's head and, where rows are cards and the head is hidden, one above them.
    const addAll = (place, words) => {
      const label = document.createElement('label')
      const all = document.createElement('input')
      all.type = 'checkbox'
      label.append(all)
      if (words) label.append(words)
      else all.setAttribute('aria-label', table.dataset.chooseAll)
      label.className = words ? 'choose-all' : 'target'
      all.addEventListener('change', () => {
        for (const box of boxes) box.checked = all.checked
        show()
      })
      alls.push(all)
      place.append(label)
    }
    addAll(table.querySelector('th'))
    addAll(table.caption, table.dataset.chooseAll)
    for (const box of boxes) box.addEventListener('change', show)
    for (const pin of document.querySelectorAll('[data-ticks]')) {
      pin.addEventListener('input', () => {
        if (pin.value !== '') document.getElementById(pin.dataset.ticks).checked = true
        show()
      })
    }
    show()
  }

  for (const form of document.forms) {
    form.addEventListener('submit', (event) => {
      if (form.dataset.sent) event.preventDefault()
      form.dataset.sent = 'yes'
      // Who stops a slow page must find the button alive again.
      setTimeout(() => delete form.dataset.sent, 5000)
    })
  }

  // A page out of the back-forward cache is older than the journey: ask the server which screen is due.
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) window.location.reload()
  })
})()
