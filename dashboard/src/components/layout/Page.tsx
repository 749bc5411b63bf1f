import { type ReactNode, useEffect, useRef } from "react";

// Screen readers announce the first page themselves. On later pages, focus moves to the title.
let isFirst = true;

/** A page: its title, description, actions and content. */
export function Page({
  title,
  about,
  actions,
  children,
}: {
  title: string;
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · crewkit`;
  }, [title]);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!isFirst) heading.current?.focus({ preventScroll: true });
    isFirst = false;
  }, []);
  return (
    <div className="mx-auto w-full max-w-5xl px-4 py-6 sm:px-8 sm:py-10">
      <header className="mb-6 flex flex-wrap items-start justify-between gap-4">
        <div className="max-w-full min-w-0">
          <h1 ref={heading} tabIndex={-1} className="outline-none break-words text-2xl font-semibold tracking-tight">
            {title}
          </h1>
          {about && <p className="mt-1 max-w-2xl text-sm text-muted-foreground">{about}</p>}
        </div>
        {actions && <div className="flex gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
