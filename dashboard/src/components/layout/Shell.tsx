import { Outlet } from "@tanstack/react-router";
import { Menu } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Notices } from "@/components/layout/Notices";
import { SessionEnded } from "@/components/layout/SessionEnded";
import { Sidebar } from "@/components/layout/Sidebar";
import { Button } from "@/components/ui/button";

const PhoneMenu = lazy(() => import("@/components/layout/PhoneMenu"));

export function Shell() {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded focus:bg-card focus:p-2"
      >
        Skip to content
      </a>
      <div className="min-h-dvh md:grid md:grid-cols-[15rem_1fr]">
        <aside className="sticky top-0 hidden h-dvh border-r md:block">
          <Sidebar />
        </aside>
        <header className="flex items-center gap-2 border-b p-2 md:hidden">
          <Button variant="ghost" size="icon" aria-label="Menu" aria-expanded={isOpen} onClick={() => setOpen(true)}>
            <Menu />
          </Button>
          <span className="font-semibold">crewkit</span>
        </header>
        <main id="main" tabIndex={-1} className="min-w-0 outline-none">
          <SessionEnded />
          <Outlet />
        </main>
      </div>
      {isOpen && (
        <Suspense>
          <PhoneMenu onClose={() => setOpen(false)} />
        </Suspense>
      )}
      <Notices />
    </>
  );
}
