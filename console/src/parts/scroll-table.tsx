import { type ReactNode, useLayoutEffect, useRef, useState } from "react";

/** A table that scrolls by itself where it is wider than the page, and shows that it does; the keyboard reaches it. */
export function ScrollTable({
  label,
  fits = false,
  stacks = false,
  children,
}: {
  readonly label: string;
  /** Its columns are few enough for a narrow screen. */
  readonly fits?: boolean;
  /** On a narrow screen a row's cells stand under its head, each under what `data-column` calls it. */
  readonly stacks?: boolean;
  readonly children: ReactNode;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const [hidden, setHidden] = useState({ before: false, after: false });
  useLayoutEffect(() => {
    const box = scroller.current!;
    const look = (): void => {
      const before = box.scrollLeft > 1;
      const after = box.scrollLeft + box.clientWidth < box.scrollWidth - 1;
      setHidden((last) => (last.before === before && last.after === after ? last : { before, after }));
    };
    const observer = new ResizeObserver(look);
    observer.observe(box);
    observer.observe(box.firstElementChild!);
    box.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      box.removeEventListener("scroll", look);
    };
  }, []);
  return (
    <div
      className={`scroll-frame${hidden.before ? " scroll-more-before" : ""}${hidden.after ? " scroll-more-after" : ""}`}
    >
      <div
        ref={scroller}
        className={`scroll-table${fits ? " scroll-table-fits" : ""}${stacks ? " scroll-table-stacks" : ""}`}
        role="region"
        aria-label={label}
        tabIndex={0}
      >
        <table>{children}</table>
      </div>
    </div>
  );
}
