import '@testing-library/jest-dom/vitest'
import { cleanup, configure } from '@testing-library/react'
import { afterEach } from 'vitest'

afterEach(cleanup)

// What is awaited comes at once on a quiet machine; a busy one is not a failure.
configure({ asyncUtilTimeout: 10_000 })

// What jsdom lacks of the browser: popovers, modal dialogs, media queries.
const popover = (element: HTMLElement, open: boolean) => {
  if (element.hasAttribute('data-open') === open) return
  element.toggleAttribute('data-open', open)
  element.dispatchEvent(Object.assign(new Event('toggle'), { newState: open ? 'open' : 'closed' }))
}
HTMLElement.prototype.showPopover = function () {
  popover(this, true)
}
HTMLElement.prototype.hidePopover = function () {
  popover(this, false)
}
document.addEventListener('click', event => {
  const id = (event.target as Element).closest('[popovertarget]')?.getAttribute('popovertarget')
  const target = id ? document.getElementById(id) : null
  if (target) popover(target, !target.hasAttribute('data-open'))
})
HTMLDialogElement.prototype.showModal ??= function () {
  this.open = true
}
HTMLDialogElement.prototype.close ??= function () {
  if (!this.open) return
  this.open = false
  this.dispatchEvent(new Event('close'))
}
globalThis.matchMedia ??= ((query: string) => ({
  matches: false,
  media: query,
  addEventListener() {},
  removeEventListener() {},
})) as never
Element.prototype.scrollIntoView ??= () => {}
const shown = document.createElement('style')
shown.textContent = '[popover][data-open] { display: block !important }'
document.head.append(shown)
