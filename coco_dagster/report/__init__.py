"""What people look at: pictures of annotations, and a page that shows what an export holds."""
