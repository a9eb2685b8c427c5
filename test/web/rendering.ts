/** Renders a page strictly, so that a name which a template misses fails, and reads the HTML back as a tree. */
import { join } from 'node:path'
import { Eta } from 'eta'
import { Config, type HtmlElement, Parser } from 'html-validate'
import type { Page } from '../../src/web/templates.ts'

/** Data that was wrapped, by what it wraps: templates compare and pass values on. */
const wrapped = new WeakMap<object, object>()

/** The same data, but a name that is not there throws. A value that is null or undefined on purpose is there. */
function strict<Value>(value: Value, path: string): Value {
  // A function is a closure over data of its own, and needs no wrapping to be called.
  if (typeof value !== 'object' || value === null) return value
  const known = wrapped.get(value)
  if (known) return known as Value
  const proxy = new Proxy<object>(value, {
    get(target, name, receiver) {
      const found: unknown = Reflect.get(target, name, receiver)
      if (typeof name === 'symbol') return found
      if (!(name in target)) throw new Error(`the template asks for ${path}.${name}, which is not there`)
      return strict(found, `${path}.${name}`)
    },
  })
  wrapped.set(value, proxy)
  return proxy as Value
}

const eta = new Eta({ views: join(import.meta.dirname, '../../views'), cache: true, autoTrim: false })

// Layout and parts come through here too, each with a copy of the data (eta spreads it), so each is wrapped anew.
const { render } = eta
eta.render = (template, data, meta) => render.call(eta, template, strict(data as object, 'it'), meta)

export const renderStrictly = ({ template, data }: Page): string => eta.render(template, data)

const parserConfig = await Config.fromObject([], { elements: ['html5'] })
const resolvedConfig = await parserConfig.resolve()

export const readHtml = (html: string): HtmlElement => new Parser(resolvedConfig).parseHtml(html)

/** What a person reads, white space folded. */
export const textOf = (element: HtmlElement): string => element.textContent.replace(/\s+/g, ' ').trim()
