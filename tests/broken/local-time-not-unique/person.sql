select * from (values
  (1, timestamp '2024-10-27 01:59:59'),
  (2, timestamp '2024-10-27 02:30:00'),
  (3, timestamp '2024-03-31 02:30:00')
) as t(id, seen)
