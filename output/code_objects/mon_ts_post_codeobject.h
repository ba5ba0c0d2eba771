#ifndef _INCLUDED_mon_ts_post_codeobject
#define _INCLUDED_mon_ts_post_codeobject

void _run_mon_ts_post_codeobject();

void _debugmsg_mon_ts_post_codeobject();

#endif
