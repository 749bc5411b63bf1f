import { Link } from "@tanstack/react-router";
import { SearchX } from "lucide-react";
import { EmptyState } from "@/components/feedback/EmptyState";
import { Button } from "@/components/ui/button";

export function NotFound() {
  return (
    <EmptyState
      icon={SearchX}
      title="Page not found"
      action={
        <Button asChild variant="primary">
          <Link to="/kit">Go to dashboard</Link>
        </Button>
      }
    >
      The address may be wrong, or you don’t have access.
    </EmptyState>
  );
}
