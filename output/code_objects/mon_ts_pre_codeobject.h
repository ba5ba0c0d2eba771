#ifndef _INCLUDED_mon_ts_pre_codeobject
#define _INCLUDED_mon_ts_pre_codeobject

void _run_mon_ts_pre_codeobject();

void _debugmsg_mon_ts_pre_codeobject();

#endif
