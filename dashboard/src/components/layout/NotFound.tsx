import { Link } from "@tanstack/react-router";
import { SearchX } from "lucide-react";
import { EmptyState } from "@/components/feedback/EmptyState";
import { Button } from "@/components/ui/button";

export function NotFound() {
  return (
    <EmptyState
      icon={SearchX}
      title="There is no such page"
      action={
        <Button asChild variant="primary">
          <Link to="/kit">To your organization</Link>
        </Button>
      }
    >
      It may have moved, or it belongs to an organization you are not a member of.
    </EmptyState>
  );
}
