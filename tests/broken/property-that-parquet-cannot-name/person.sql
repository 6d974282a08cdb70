select * from (values
  (1, 7, 7, 7)
) as t(id, "Price EUR", "TYPE", "fine.so")
