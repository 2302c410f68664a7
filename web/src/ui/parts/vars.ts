import { nothing } from "lit";
import { Directive, directive, PartType, type ElementPart, type PartInfo } from "lit/directive.js";

/** Sets custom properties through the object model: a strict policy forbids `style` attributes. */
class Vars extends Directive {
  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error("`vars` stands in an element's tag");
  }

  render(_values: Readonly<Record<`--${string}`, string | number>>): typeof nothing {
    return nothing;
  }

  override update(part: ElementPart, [values]: Parameters<this["render"]>): typeof nothing {
    const { style } = part.element as HTMLElement;
    for (const [name, value] of Object.entries(values)) style.setProperty(name, String(value));
    return nothing;
  }
}

/** `<div ${vars({ "--level": 0.3 })}>` */
export const vars = directive(Vars);
